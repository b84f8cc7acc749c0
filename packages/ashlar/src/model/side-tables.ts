import type { Guarantee, GuaranteeObject, GuardedTable } from '../contract/guarantee.js';
import type { SqlName } from '../contract/sql.js';
import { identifier } from './names.js';

type Rendered = Partial<Record<SqlName, readonly GuaranteeObject[]>>;

/** The objects that were written once: their SQL is long, and `status` and `prove` ask for them many times. */
const rendered = new WeakMap<Guarantee, WeakMap<GuardedTable, Rendered>>();

/** Returns the database objects that a guarantee adds for a table in one SQL dialect; empty where it is refused. */
export function objectsOfGuarantee(
  guarantee: Guarantee,
  table: GuardedTable,
  dialect: SqlName,
): readonly GuaranteeObject[] {
  const { [dialect]: enforcement } = guarantee;
  if (enforcement.level === 'refused') return [];
  const ofGuarantee = rendered.get(guarantee) ?? new WeakMap<GuardedTable, Rendered>();
  rendered.set(guarantee, ofGuarantee);
  const known = ofGuarantee.get(table) ?? {};
  const objects = known[dialect] ?? placed(enforcement.objects(table), table);
  ofGuarantee.set(table, { ...known, [dialect]: objects });
  return objects;
}

// the tool's schema is not searched by functions that run as the owner: who may create there could give them another function
const placed = (
  objects: readonly GuaranteeObject[],
  { place }: Pick<GuardedTable, 'place'>,
): readonly GuaranteeObject[] =>
  place
    ? objects.map((object) => ({
        ...object,
        sql: object.sql.replace(
          'SET search_path FROM CURRENT',
          `SET search_path TO pg_catalog, ${identifier(place.own)}, pg_temp`,
        ),
      }))
    : objects;

/** Returns the database objects that the guarantees of a table add in one SQL dialect. */
export function sideObjects(table: GuardedTable, dialect: SqlName): readonly GuaranteeObject[] {
  return table.guarantees.flatMap((guarantee) => objectsOfGuarantee(guarantee, table, dialect));
}

/** A table that a guarantee adds for the table which declares it. */
export interface SideTable {
  readonly name: string;
  readonly guarantee: string;
  /** As {@link GuaranteeObject.since}. */
  readonly since: number;
}

/** Returns the tables that the guarantees of a table add in one SQL dialect. */
export function sideTables(table: GuardedTable, dialect: SqlName): readonly SideTable[] {
  return table.guarantees.flatMap((guarantee) =>
    objectsOfGuarantee(guarantee, table, dialect).flatMap(({ type, name, since = 1 }) =>
      type === 'table' ? [{ name, guarantee: guarantee.name, since }] : [],
    ),
  );
}

/**
 * Returns the side tables of a scoped table; the application's role has no rights on them. They may hold values of every
 * scope, so no session reads them in a scope: Ashlar, the owner and the auditor do.
 */
export function hiddenTables(table: GuardedTable, dialect: SqlName): readonly SideTable[] {
  return table.facts.scope === undefined ? [] : sideTables(table, dialect);
}

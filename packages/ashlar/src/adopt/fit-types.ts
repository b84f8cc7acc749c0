import type { AdoptionSql, FoundType } from '../contract/adoption.js';
import type { Schema, SchemaColumn, SchemaTable } from '../contract/schema.js';
import type { SqlName } from '../contract/sql.js';
import { foldedName } from '../model/names.js';
import { readKeys } from './read-keys.js';
import type { TableFacts } from './scan.js';

/** The declaration of a column, and whether its values decided it. */
export type FittedType = FoundType & { readonly byValues: boolean };

/** How the tables of a schema are declared by their types, and by their values where they were read. */
export interface Fitting {
  readonly schema: Schema;
  readonly dialect: SqlName;
  readonly adoption: AdoptionSql;
  /** What the columns store; `undefined` where no value was read. */
  readonly facts: TableFacts | undefined;
  readonly keepsValues: boolean;
}

/** Returns the declaration of a column by its name and that of its table. */
export type TypeOf = (table: SchemaTable, column: SchemaColumn) => FittedType;

interface Choice {
  readonly byType: FoundType;
  fitted: FoundType;
  readonly isEmpty: boolean;
}

/** Decides how the columns of tables are declared; both ends of a foreign key have one type. */
export function fitTypes(fitting: Fitting): TypeOf {
  const { schema, dialect } = fitting;
  const choices = new Map<string, Choice>();
  const keyOf = (table: string, column: string): string => `${foldedName(table)}.${foldedName(column)}`;
  const links: (readonly [string, string])[] = [];
  for (const table of schema.tables) {
    const { primaryKey, uniques, references } = readKeys(table, dialect);
    const keys = [primaryKey, ...uniques, ...references].flatMap((key) => key?.columns.map(foldedName) ?? []);
    for (const column of table.columns) {
      const name = foldedName(column.name);
      const isOnlyKey = primaryKey?.columns.length === 1 && foldedName(primaryKey.columns[0] ?? '') === name;
      choices.set(
        keyOf(table.name, column.name),
        choiceOf(fitting, table, column, { isOnlyKey, isKey: keys.includes(name) }),
      );
    }
    for (const { columns, target, targetColumns } of references) {
      const other = schema.tables.find(({ name }) => foldedName(name) === foldedName(target));
      const key = other && readKeys(other, dialect).primaryKey?.columns;
      const ends = targetColumns.length > 0 ? targetColumns : (key ?? []);
      for (const [at, column] of columns.entries())
        links.push([keyOf(table.name, column), keyOf(target, ends[at] ?? '')]);
    }
  }
  agree(choices, links);
  return (table, column) => {
    const { byType, fitted } = choices.get(keyOf(table.name, column.name)) ?? {
      byType: { reason: 'type-unknown' },
      fitted: { reason: 'type-unknown' },
    };
    return { ...fitted, byValues: JSON.stringify(byType) !== JSON.stringify(fitted) };
  };
}

const choiceOf = (
  { schema, adoption, facts, keepsValues }: Fitting,
  table: SchemaTable,
  column: SchemaColumn,
  { isOnlyKey, isKey }: { readonly isOnlyKey: boolean; readonly isKey: boolean },
): Choice => {
  const byType = adoption.typeOf(schema, table, column, isOnlyKey);
  const known = facts?.get(table.name)?.get(column.name);
  const given = known ?? (keepsValues ? {} : undefined);
  return {
    byType,
    fitted: given ? adoption.fit({ table, column, found: byType, facts: given, isKey, keepsValues }) : byType,
    isEmpty: (known?.values ?? 0) === 0,
  };
};

const asOf = (found: FoundType): string => ('type' in found ? found.type.as : found.reason);

// numbers of every size join
const numbers = new Set(['integer', 'bigint', 'autoincrement']);

/** A column without values takes the type of the other end; of two that differ, each takes that of its own type. */
const agree = (choices: ReadonlyMap<string, Choice>, links: readonly (readonly [string, string])[]): void => {
  for (let round = 0; round <= links.length; round++) {
    let isSettled = true;
    for (const [from, to] of links) {
      const [one, other] = [choices.get(from), choices.get(to)];
      if (!one || !other) continue;
      const [a, b] = [asOf(one.fitted), asOf(other.fitted)];
      if (a === b || (numbers.has(a) && numbers.has(b))) continue;
      const isSame = asOf(one.byType) === asOf(other.byType);
      if (one.isEmpty && isSame) one.fitted = other.fitted;
      else if (other.isEmpty && isSame) other.fitted = one.fitted;
      else if (one.fitted !== one.byType || other.fitted !== other.byType) {
        one.fitted = one.byType;
        other.fitted = other.byType;
      } else continue;
      isSettled = false;
    }
    if (isSettled) return;
  }
};

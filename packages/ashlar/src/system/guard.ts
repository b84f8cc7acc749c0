import type { AcceptedObject } from '../contract/objects.js';
import { guardRefused } from '../model/guard-refused.js';
import { foldedName, type Insert, sideTables, type Table, type Tables } from '../model/index.js';
import { declareSystem, type System } from './system.js';

/** The tables and steps that declare a guard. */
export interface GuardParts<T extends Tables> {
  /** The other tool's tables, made with `external`, and Ashlar's own: trails and legal holds. */
  readonly tables: T;
  /** The folder of the guard's own steps, beside the tool's. */
  readonly migrations: URL;
  /** The schema of the tool's tables on PostgreSQL. Default `public`. */
  readonly schema?: string;
  /** The schema of Ashlar's own objects on PostgreSQL, which `guard up` creates. Default `ashlar`. On SQLite they are in the same file. */
  readonly own?: string;
  /** As in a system: what no step makes and that is no finding. */
  readonly accepts?: readonly AcceptedObject[];
  /** As in a system: example rows for the attacks of `prove`. */
  readonly probes?: { readonly [K in keyof T]?: readonly Partial<Insert<T[K]>>[] };
}

/**
 * Declares a guard: guarantees on tables that another tool owns. The tool creates, changes and drops its tables; Ashlar's
 * triggers, policies, trails and side tables are in a schema of their own and in steps of their own.
 *
 * @param name - as that of a system; its steps are recorded under it
 * @returns a system, which every command takes with `--system`
 * @throws AshlarError `guard-refused` if no table is external, a foreign key crosses between the tool's tables and Ashlar's,
 *   or both schemas are one; and as `system`
 *
 * @example
 * export const shopGuard = guard('shop', {
 *   tables: { changes, orders: orders.guarded((c) => [audited({ into: changes })]) },
 *   migrations: new URL('./migrations/', import.meta.url),
 * });
 */
export function guard<T extends Tables>(name: string, parts: GuardParts<T>): System<T> {
  const { schema = 'public', own = 'ashlar', ...rest } = parts;
  const tables = Object.values<Table>(parts.tables);
  const external = tables.filter((table) => table.external);
  if (external.length === 0)
    throw guardRefused(
      `The guard ${name} has no table of another tool.`,
      "Declare one: external('orders', { … }).guarded((c) => […]), or declare a system.",
    );
  assertSchemas(name, schema, own);
  assertNoCrossing(tables);
  const place = Object.freeze({ schema, own });
  const placed = Object.fromEntries(
    Object.entries<Table>(parts.tables).map(([key, table]) => [key, Object.freeze({ ...table, place })]),
  );
  const ownTables = tables.flatMap((table) => [
    ...(table.external ? [] : [table.name]),
    ...sideTables(table, 'sqlite').map((each) => each.name),
  ]);
  const guards = {
    schema,
    own,
    tables: [...new Set(external.map((table) => table.name))].sort(),
    ownTables: [...new Set(ownTables)].sort(),
  };
  return declareSystem(name, { ...rest, tables: placed, guards }) as System<T>;
}

const assertSchemas = (name: string, schema: string, own: string): void => {
  const isName = (text: string): boolean => /^[A-Za-z_][A-Za-z0-9_]*$/.test(text) && text.length <= 63;
  const wrong = [schema, own].find((text) => !isName(text));
  if (wrong === undefined && schema !== own && !/^pg_/.test(own)) return;
  throw guardRefused(
    wrong === undefined
      ? `The guard ${name} cannot have its own objects in the schema ${own}.`
      : `The guard ${name} names the schema ${JSON.stringify(wrong)}.`,
    'Name two schemas by letters, digits and _: { schema: "public", own: "ashlar" }.',
  );
};

const assertNoCrossing = (tables: readonly Table[]): void => {
  const external = new Map(tables.map((table) => [foldedName(table.name), table.external === true]));
  for (const table of tables) {
    const crossing = table.foreignKeys.find(
      ({ target }) => external.get(foldedName(target.table)) !== (table.external === true),
    );
    // a table that is not declared may be another of the tool's
    if (!crossing || (table.external && !external.has(foldedName(crossing.target.table)))) continue;
    throw guardRefused(
      `The foreign key ${crossing.name} of ${table.name} refers to ${crossing.target.table}, which is in another schema.`,
      'Remove it: between the tool’s tables and Ashlar’s there is no foreign key, because the tool would see it.',
      { table: table.name, constraint: crossing.name },
    );
  }
};

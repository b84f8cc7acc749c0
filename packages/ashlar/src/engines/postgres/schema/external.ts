import type { Column } from '../../../contract/column.js';
import type { ExternalColumns, ExternalTables, GuardedPlace, GuardSql } from '../../../contract/guards.js';
import type { Owner } from '../../../contract/owner.js';
import type { Schema, SchemaTable } from '../../../contract/schema.js';
import type { AshlarError } from '../../../errors.js';
import { guardRefused } from '../../../model/guard-refused.js';
import { identifier, literal } from '../../../model/index.js';
import { securitySql } from './change-security.js';
import { columnType } from './column-sql.js';
import { obstacles } from './external-obstacles.js';
import { externalType } from './external-type.js';

const typeOf = (column: Column): string => column.native ?? columnType(column);

/**
 * The type of a column in a shadow. A type that only the tool's database has, such as an enum, is a domain there: no row is
 * written, and what Ashlar's objects say of such a column is cast to text, which a column of text would not show.
 */
const shadowType = async (owner: Owner, schema: string, type: string): Promise<string> => {
  if (/ COLLATE "C"$/.test(type)) return type;
  const [row] = await owner.run('SELECT to_regtype($1) IS NOT NULL AS known', [type]);
  if (row?.known === true) return type;
  const domain = `${identifier(schema)}.ashlar_native`;
  const [made] = await owner.run('SELECT to_regtype($1) IS NOT NULL AS known', [domain]);
  if (made?.known !== true) await owner.script(`CREATE DOMAIN ${domain} AS text`);
  return domain;
};

const none = { enabled: false, forced: false, policies: [] } as const;

/** What makes the objects of a table that was made again. */
const objectsOf = (table: SchemaTable): readonly string[] => [
  ...securitySql(table, none, table.rowSecurity ?? none),
  ...[...(table.rowSecurity?.policies ?? []), ...table.triggers].map(({ definition }) => definition),
];

const place = async (owner: Owner, { schema, tables }: ExternalTables, found: Schema): Promise<void> => {
  await owner.script(`CREATE SCHEMA IF NOT EXISTS ${identifier(schema)}`);
  for (const [name, columns] of Object.entries(tables)) {
    const table = `${identifier(schema)}.${identifier(name)}`;
    const text = JSON.stringify(columns);
    const [row] = await owner.run(
      `SELECT c.oid IS NOT NULL AS present, obj_description(c.oid, 'pg_class') AS columns
       FROM (SELECT to_regclass($1) AS oid) c`,
      [table],
    );
    if (row?.columns === text) continue;
    if (row?.present === true) await owner.script(`DROP TABLE ${table} CASCADE`);
    const types: string[] = [];
    for (const type of Object.values(columns)) types.push(await shadowType(owner, schema, type));
    const definitions = Object.keys(columns).map((column, at) => `${identifier(column)} ${types[at]}`);
    await owner.script(`CREATE TABLE ${table} (${definitions.join(', ')})`);
    await owner.script(`COMMENT ON TABLE ${table} IS ${literal(text)}`);
    const before = found.tables.find((each) => each.external && each.name === name);
    // one that names a column that is gone stays away: the next step makes another
    for (const statement of before ? objectsOf(before) : [])
      await owner.atomically(() => owner.script(statement)).catch(() => undefined);
  }
};

/** How PostgreSQL guards tables of another tool. */
export const postgresGuarding: GuardSql = {
  currentSchema: 'SELECT current_schema() AS name',
  typeOf: externalType,
  columns: (table): ExternalColumns =>
    Object.fromEntries(Object.values(table.columns).map((column) => [column.name, typeOf(column)])),
  place,
  obstacles,
  // a line has the whole row
  untold: async () => [],
};

/** Returns the error of a copy of a guarded database. */
export function noCopies({ schema, own }: GuardedPlace): AshlarError {
  return guardRefused(
    `A backup of a guard is not built yet: it would have to copy the schemas ${schema} and ${own} together.`,
    `Copy the whole database with pg_dump, without --schema: a copy of ${schema} alone lacks the functions that its triggers call.`,
  );
}

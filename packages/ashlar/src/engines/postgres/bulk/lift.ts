import type { Owner } from '../../../contract/owner.js';
import type { SchemaTable } from '../../../contract/schema.js';
import { AshlarError } from '../../../errors.js';
import { identifier, literal } from '../../../model/index.js';
import { sql } from '../../../sql/template.js';

/** Whether a constraint is lifted while rows are loaded; the others refuse a bad row at once, and stay. */
export const isForeignKey = (definition: string): boolean => definition.startsWith('FOREIGN KEY');
export const isKey = (definition: string): boolean => /^(PRIMARY KEY|UNIQUE)\b/.test(definition);

/**
 * Lifts what slows down or refuses the loading of rows, in the open transaction: foreign keys, keys, indexes, triggers and row
 * level security, and the rights of the given roles, who could write meanwhile without any of them.
 */
export async function lift(
  owner: Owner,
  tables: readonly SchemaTable[],
  roles: readonly string[],
): Promise<void> {
  const drop = (table: SchemaTable, name: string): string =>
    `ALTER TABLE ${identifier(table.name)} DROP CONSTRAINT ${identifier(name)}`;
  for (const table of tables)
    for (const { name, definition } of table.constraints)
      if (isForeignKey(definition)) await owner.script(drop(table, name));
  for (const table of tables) {
    for (const { name, definition } of table.constraints)
      if (isKey(definition)) await unlessNeeded(owner, drop(table, name));
    for (const { name } of table.indexes) await unlessNeeded(owner, `DROP INDEX ${identifier(name)}`);
    const named = identifier(table.name);
    await owner.script(
      `ALTER TABLE ${named} DISABLE TRIGGER USER, DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY`,
    );
    for (const role of roles) await owner.script(`REVOKE ALL ON TABLE ${named} FROM ${identifier(role)}`);
  }
}

/** Takes all rights on a table from PUBLIC and from those of the roles that exist: default privileges may have given some. */
export async function hide(owner: Owner, table: string, roles: readonly string[]): Promise<void> {
  const names = roles.map(literal).join(', ') || 'NULL';
  const found = await owner.run(`SELECT rolname::text AS name FROM pg_roles WHERE rolname IN (${names})`);
  for (const role of ['PUBLIC', ...found.map(({ name }) => identifier(String(name)))])
    await owner.script(`REVOKE ALL ON TABLE ${identifier(table)} FROM ${role}`);
}

/**
 * Removes all rows of lifted tables, in the open transaction. A partition has triggers of its own, which fire for TRUNCATE
 * although the table's are disabled.
 */
export async function empty(owner: Owner, tables: readonly string[]): Promise<void> {
  if (tables.length === 0) return;
  const triggers = await owner.run(ownTriggers(tables));
  for (const { partition, name } of triggers)
    await owner.script(`ALTER TABLE ${partition} DISABLE TRIGGER ${name}`);
  await owner.script(`TRUNCATE ${tables.map(identifier).join(', ')}`);
  for (const { partition, name, firing } of triggers)
    await owner.script(`ALTER TABLE ${partition} ${firing} TRIGGER ${name}`);
}

const ownTriggers = (tables: readonly string[]): string => sql`
  SELECT format('%I', c.relname) AS partition, format('%I', t.tgname) AS name,
         CASE t.tgenabled WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE' END AS firing
  FROM pg_trigger t
  JOIN pg_class c ON c.oid = t.tgrelid
  JOIN pg_inherits i ON i.inhrelid = c.oid
  JOIN pg_class parent ON parent.oid = i.inhparent
  WHERE parent.relnamespace = quote_ident(current_schema())::regnamespace AND parent.relname IN (${tables.map(literal).join(', ')})
    AND NOT t.tgisinternal AND t.tgparentid = 0 AND t.tgenabled <> 'D'
`;

const dependentObjects = '2BP01';

// a view that groups by a key, or a table of another system, holds it
const unlessNeeded = async (owner: Owner, statement: string): Promise<void> => {
  await owner.script('SAVEPOINT lift');
  try {
    await owner.script(statement);
  } catch (error) {
    const cause = error instanceof AshlarError ? (error.cause as { code?: unknown } | undefined) : undefined;
    if (cause?.code !== dependentObjects) throw error;
    await owner.script('ROLLBACK TO SAVEPOINT lift');
  }
  await owner.script('RELEASE SAVEPOINT lift');
};

import type { GuardedTable } from '../../../contract/guarantee.js';
import type { Schema, SchemaChange, SchemaTable } from '../../../contract/schema.js';
import { identifier } from '../../../model/index.js';
import { referredTables } from '../../../sql/code.js';
import { declaredIndexes } from '../../../sql/declared-indexes.js';
import { foreignKeyOf } from '../../../sql/foreign-key.js';
import { asCreated } from '../../object-changes.js';
import { change } from './change.js';
import { modelComments } from './comments.js';
import { addConstraintSql, tableObjects, tableSql } from './create-table.js';
import { laterKeys } from './later-keys.js';
import { modelKey } from './model-sql.js';
import { recreateTable } from './schema-sql.js';

const referred = ({ constraints }: SchemaTable): readonly string[] =>
  constraints.flatMap(({ definition }) => referredTables(definition, 'postgres'));

/** Sorts tables so that each table comes after the tables that its foreign keys reference. */
export function referredFirst(tables: readonly SchemaTable[]): readonly SchemaTable[] {
  const byName = new Map(tables.map((table) => [table.name, table]));
  const sorted = new Set<SchemaTable>();
  const visiting = new Set<SchemaTable>();
  const visit = (table: SchemaTable): void => {
    if (sorted.has(table) || visiting.has(table)) return;
    visiting.add(table);
    for (const name of referred(table)) {
      const target = byName.get(name);
      if (target) visit(target);
    }
    sorted.add(table);
  };
  for (const table of tables) visit(table);
  return [...sorted];
}

/** Returns the foreign keys of described tables that refer to a later one of them. */
export function laterLinks(tables: readonly SchemaTable[]): ReadonlyMap<SchemaTable, ReadonlySet<string>> {
  return laterKeys(tables, ({ constraints }) =>
    constraints.flatMap(({ name, definition }) => {
      const key = foreignKeyOf(definition, 'postgres');
      return key ? [{ name, target: key.target }] : [];
    }),
  );
}

/** Returns the change that adds a foreign key between tables that were created in the same step. */
export function linkTable(table: string, name: string, definition: string): SchemaChange {
  return change({
    summary: `${table}: add foreign key ${name}`,
    up: [addConstraintSql(table, name, definition)],
    down: [`ALTER TABLE ${identifier(table)} DROP CONSTRAINT ${identifier(name)}`],
  });
}

/** Returns the change that drops a foreign key between tables that the same step drops. */
export function unlinkTable(table: string, name: string, definition: string): SchemaChange {
  const { up, down } = linkTable(table, name, definition);
  return change({ summary: `${table}: drop foreign key ${name}`, up: down, down: up });
}

/** Returns a described table without some of its constraints. */
export function withoutConstraints(table: SchemaTable, names: ReadonlySet<string> | undefined): SchemaTable {
  return names ? { ...table, constraints: table.constraints.filter(({ name }) => !names.has(name)) } : table;
}

const dropTableSql = (name: string): string => `DROP TABLE ${identifier(name)}`;

/**
 * The functions and tables that already exist, so that they are not created again for the next table that needs them.
 */
export type Existing = Set<string>;

/** Returns the functions and tables of a schema, each as `function NAME` or `table NAME`. */
export function existingIn(schema: Schema): Existing {
  return new Set([
    ...schema.functions.map(({ name }) => `function ${name}`),
    ...schema.tables.map(({ name }) => `table ${name}`),
  ]);
}

/**
 * Returns the change that creates a table of the model, including the objects of the table's guarantees. Adds their
 * functions and side tables to `existing`.
 *
 * @param later - the names of the foreign keys that are added after other tables
 */
export function createModelTable(
  table: GuardedTable,
  existing: Existing,
  later: ReadonlySet<string> | undefined,
): SchemaChange {
  const objects = tableObjects(table).filter(({ type, name }) => !existing.has(modelKey(type, name)));
  for (const { type, name } of objects)
    if (type === 'function' || type === 'table') existing.add(modelKey(type, name));
  const brought = (type: string): string[] =>
    objects.filter((object) => object.type === type).map(({ name }) => name);
  return change({
    summary: `${table.name}: create table`,
    up: [
      tableSql(table, later),
      ...declaredIndexes(table, 'postgres').map(({ sql }) => sql),
      ...modelComments(table),
      ...objects.map(({ sql }) => sql),
    ],
    down: [
      // a default partition is dropped with its table, and cannot be dropped after it
      ...brought('table').map(dropTableSql),
      dropTableSql(table.name),
      ...brought('function').map((name) => `DROP FUNCTION ${identifier(name)}()`),
    ],
  });
}

/** Returns a described table without its triggers and policies: those call functions, which may need the tables. */
export function bareTable(table: SchemaTable): SchemaTable {
  return asCreated(table, [], (type) => type === 'index');
}

/** Returns the change that creates a table from the server's description, because no model declares the table. */
export function createDescribedTable(table: SchemaTable): SchemaChange {
  return change({
    summary: `${table.name}: create table`,
    up: recreateTable(table),
    down: [dropTableSql(table.name)],
  });
}

/** Returns the change that drops a table with all its rows. */
export function dropTable(table: SchemaTable): SchemaChange {
  return change({
    summary: `${table.name}: drop table`,
    up: [dropTableSql(table.name)],
    down: recreateTable(table),
    danger: `All rows of ${table.name} are lost.`,
  });
}

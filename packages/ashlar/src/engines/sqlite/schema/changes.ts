import type { Renames } from '../../../contract/dialect.js';
import type { GuardedTable } from '../../../contract/guarantee.js';
import type { Schema, SchemaChange, SchemaTable } from '../../../contract/schema.js';
import { identifier } from '../../../model/index.js';
import { alterTable, withoutData } from './alter.js';
import { createTable } from './ddl.js';
import { parentsFirst, referenced } from './references.js';
import { renderWhole } from './render.js';

/**
 * Generates the statements that turn the schema `before` into the schema `after`, and the statements that undo this.
 * New tables come first and dropped ones last, so that each foreign key finds its table.
 *
 * @throws AshlarError `guarantee-refused`
 */
export function changes(
  before: Schema,
  after: Schema,
  model: readonly GuardedTable[],
  renames: Renames,
): readonly SchemaChange[] {
  const had = new Map(before.tables.map((table) => [table.name, table]));
  const has = new Map(after.tables.map((table) => [table.name, table]));
  const created = parentsFirst(after.tables.filter(({ name }) => !had.has(name)));
  const dropped = parentsFirst(before.tables.filter(({ name }) => !has.has(name))).reverse();
  const models = new Map(model.map((table) => [table.name, table]));
  return [
    ...createdTables(created, models),
    ...after.tables.flatMap((table) => {
      const old = had.get(table.name);
      return old ? alterTable(old, table, models.get(table.name), renames[table.name] ?? {}) : [];
    }),
    ...dropped.map(dropTable),
  ];
}

// side tables of a guarantee are created with the table that declares it
const companions = (table: GuardedTable): string[] =>
  table.guarantees.flatMap(({ sqlite }) =>
    sqlite.level === 'refused'
      ? []
      : sqlite.objects(table).flatMap(({ type, name }) => (type === 'table' ? [name] : [])),
  );

const createdTables = (
  created: readonly SchemaTable[],
  models: ReadonlyMap<string, GuardedTable>,
): SchemaChange[] => {
  const owners = created.flatMap(({ name }) => models.get(name) ?? []);
  const alongside = new Set(owners.flatMap(companions));
  return created
    .filter(({ name }) => !alongside.has(name))
    .map((table, at, all) => {
      const declared = models.get(table.name);
      const others = declared ? companions(declared) : [];
      return {
        summary: `${table.name}: create table`,
        up: declared ? createTable(declared) : renderWhole(table),
        down: [table.name, ...others].map((name) => `DROP TABLE ${identifier(name)}`),
        danger: undefined,
        rebuild: isReferredTo(table, all.slice(0, at + 1)) ? ['down'] : [],
      };
    });
};

// with foreign keys on, DROP TABLE deletes row by row, and a row that another refers to cannot go first
const isReferredTo = ({ name }: SchemaTable, others: readonly SchemaTable[]): boolean =>
  others.some((other) => referenced(other).has(name));

const dropTable = (table: SchemaTable, at: number, all: readonly SchemaTable[]): SchemaChange => ({
  summary: `${table.name}: drop table`,
  up: [`DROP TABLE ${identifier(table.name)}`],
  down: renderWhole(table),
  danger: `All rows of ${table.name} are lost; ${withoutData}.`,
  rebuild: isReferredTo(table, all.slice(at)) ? ['up'] : [],
});

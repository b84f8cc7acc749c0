import type { Renames } from '../../../contract/dialect.js';
import type { GuardedTable } from '../../../contract/guarantee.js';
import type { ObjectSql } from '../../../contract/objects.js';
import type { Schema, SchemaChange, SchemaTable } from '../../../contract/schema.js';
import { identifier } from '../../../model/index.js';
import { asCreated, changeObjects } from '../../object-changes.js';
import { alterTable, withoutData } from './alter.js';
import { createdNames, createOwn } from './ddl.js';
import { declaredObjects } from './declared-objects.js';
import { parentsFirst, referenced } from './references.js';
import { refill, refilledBack } from './refill.js';
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
  const declared = model.flatMap(declaredObjects);
  const others = changeObjects({
    dialect: 'sqlite',
    before: before.objects,
    after: after.objects,
    declared,
  });
  const hadObjects = new Set(before.objects.map(({ name }) => name));
  return [
    ...refilledBack(before, after),
    ...others.drops,
    ...others.before,
    ...createdTables(created, models),
    ...created.flatMap((table) => {
      const own = models.get(table.name);
      if (!own) return [];
      const written = createdNames(ownStatements(own));
      const made = asCreated(table, declaredObjects(own), (type, name) => written.has(`${type} ${name}`));
      return alterTable(made, table, undefined, {});
    }),
    ...after.tables.flatMap((table) => {
      const old = had.get(table.name);
      const own = models.get(table.name);
      if (!old) return [];
      const altered = alterTable(old, table, own, renames[table.name] ?? {});
      const isRebuilt = altered.some(({ rebuild }) => rebuild.length > 0);
      const fills = own ? declaredObjects(own).filter(({ fill }) => fill.length > 0) : [];
      return isRebuilt
        ? refilled(
            altered,
            fills.filter(({ name }) => hadObjects.has(name)),
          )
        : altered;
    }),
    ...dropped.map(dropTable),
    ...others.creates,
    ...others.after,
    ...model
      .filter(({ name }) => had.has(name))
      .flatMap(declaredObjects)
      .filter(({ name, fill }) => fill.length > 0 && isCreated(name, [...others.before, ...others.creates]))
      .map(
        ({ name, fill, clear }): SchemaChange => ({
          summary: `${name}: index the rows that exist`,
          up: fill,
          down: clear === undefined ? [] : [clear],
          danger: undefined,
          rebuild: [],
        }),
      ),
  ];
}

const isCreated = (name: string, changes: readonly SchemaChange[]): boolean =>
  changes.some(({ summary }) => summary === `create virtual table ${name}`);

/** A rebuild may have converted what is indexed: the index is filled again, after it and after its way back. */
const refilled = (
  changes: readonly SchemaChange[],
  filled: readonly ObjectSql[],
): readonly SchemaChange[] => {
  return [
    ...filled.map(({ name, fill }) => refill(name, fill, 'down')),
    ...changes,
    ...filled.map(({ name, fill }) => refill(name, fill, 'up')),
  ];
};

// side tables of a guarantee are created with the table that declares it
const companions = (table: GuardedTable): string[] =>
  table.guarantees.flatMap(({ sqlite }) =>
    sqlite.level === 'refused'
      ? []
      : sqlite.objects(table).flatMap(({ type, name }) => (type === 'table' ? [name] : [])),
  );

const ownStatements = (table: GuardedTable): readonly string[] =>
  createOwn(table, new Set([table.name, ...companions(table)]));

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
        up: declared ? ownStatements(declared) : renderWhole(table),
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

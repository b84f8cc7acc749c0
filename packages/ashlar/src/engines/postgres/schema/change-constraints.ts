import type { SchemaChange, SchemaObject, SchemaTable } from '../../../contract/schema.js';
import { identifier } from '../../../model/index.js';
import { firstWord } from '../../../sql/kind.js';
import { change } from './change.js';

/** The difference between two lists of named objects; a redefined object is in both `removed` and `added`. */
export interface Difference {
  readonly removed: readonly SchemaObject[];
  readonly added: readonly SchemaObject[];
  /** The objects that only have a new name, as pairs of the old and the new name. */
  readonly renamed: readonly (readonly [string, string])[];
}

/**
 * Compares two lists of objects by name and definition. Objects for which `sameButName` is true differ only in their
 * names: they are renamed.
 *
 * @param isRemade - whether an object that stays is dropped and created, because what it names is
 */
export function difference(
  before: readonly SchemaObject[],
  after: readonly SchemaObject[],
  sameButName: (a: SchemaObject, b: SchemaObject) => boolean = () => false,
  isRemade: (one: SchemaObject) => boolean = () => false,
): Difference {
  const isIn = (list: readonly SchemaObject[], one: SchemaObject): boolean =>
    list.some(({ name, definition }) => name === one.name && definition === one.definition);
  const nameIn = (list: readonly SchemaObject[], { name }: SchemaObject): boolean =>
    list.some((one) => one.name === name);
  const removed = before.filter((one) => !isIn(after, one) || isRemade(one));
  const added = after.filter((one) => !isIn(before, one) || isRemade(one));
  const renamed: [string, string][] = [];
  const isRenamed = new Set<SchemaObject>();
  for (const one of removed) {
    const other = added.find(
      (it) => !isRenamed.has(it) && !nameIn(before, it) && !nameIn(after, one) && sameButName(one, it),
    );
    if (!other) continue;
    renamed.push([one.name, other.name]);
    isRenamed.add(one).add(other);
  }
  return {
    removed: removed.filter((one) => !isRenamed.has(one)),
    added: added.filter((one) => !isRenamed.has(one)),
    renamed,
  };
}

const kinds: ReadonlyMap<string, string> = new Map([
  ['PRIMARY', 'primary key'],
  ['UNIQUE', 'unique'],
  ['FOREIGN', 'foreign key'],
  ['CHECK', 'check'],
]);

const kind = ({ definition }: SchemaObject): string =>
  kinds.get(firstWord(definition, 'postgres')) ?? 'constraint';

const canBeUnchecked = (definition: string): boolean =>
  ['CHECK', 'FOREIGN'].includes(firstWord(definition, 'postgres'));

const addSql = ({ name: table, options }: SchemaTable, { name, definition }: SchemaObject): string[] => {
  const add = `ALTER TABLE ${identifier(table)} ADD CONSTRAINT ${identifier(name)} ${definition}`;
  // a foreign key of a partitioned table cannot be NOT VALID before PostgreSQL 18
  if (!canBeUnchecked(definition) || options) return [add];
  return [`${add} NOT VALID`, `ALTER TABLE ${identifier(table)} VALIDATE CONSTRAINT ${identifier(name)}`];
};

const dropSql = ({ name: table }: SchemaTable, { name }: SchemaObject): string[] => [
  `ALTER TABLE ${identifier(table)} DROP CONSTRAINT ${identifier(name)}`,
];

/** Returns the change that adds a constraint. Existing rows are checked without blocking writers if PostgreSQL can. */
export function addConstraint(table: SchemaTable, constraint: SchemaObject, sql: string): SchemaChange {
  return change({
    summary: `${table.name}: add ${kind(constraint)} ${constraint.name}`,
    up: addSql(table, { name: constraint.name, definition: sql }),
    down: dropSql(table, constraint),
    danger: canBeUnchecked(constraint.definition)
      ? undefined
      : `${table.name} cannot be written while the index of ${constraint.name} is built.`,
  });
}

/** Returns the change that drops a constraint. */
export function dropConstraint(table: SchemaTable, constraint: SchemaObject): SchemaChange {
  return change({
    summary: `${table.name}: drop ${kind(constraint)} ${constraint.name}`,
    up: dropSql(table, constraint),
    down: addSql(table, constraint),
  });
}

/** Returns the change that adds an index. */
export function addIndex(table: SchemaTable, { name }: SchemaObject, sql: string): SchemaChange {
  return change({
    summary: `${table.name}: add index ${name}`,
    up: [sql],
    down: [`DROP INDEX ${identifier(name)}`],
    danger: `${table.name} cannot be written while the index is built. On a large live table, create it beforehand with CREATE INDEX CONCURRENTLY.`,
  });
}

/** Returns the change that drops an index. */
export function dropIndex(table: SchemaTable, { name, definition }: SchemaObject): SchemaChange {
  return change({
    summary: `${table.name}: drop index ${name}`,
    up: [`DROP INDEX ${identifier(name)}`],
    down: [definition],
  });
}

/** Returns the change that renames a constraint or an index. */
export function renameObject(
  table: string,
  what: 'constraint' | 'index',
  before: string,
  now: string,
): SchemaChange {
  const rename = (from: string, to: string): string =>
    what === 'index'
      ? `ALTER INDEX ${identifier(from)} RENAME TO ${identifier(to)}`
      : `ALTER TABLE ${identifier(table)} RENAME CONSTRAINT ${identifier(from)} TO ${identifier(to)}`;
  return change({
    summary: `${table}: rename ${what} ${before} to ${now}`,
    up: [rename(before, now)],
    down: [rename(now, before)],
  });
}

import type { ObjectSql } from '../contract/objects.js';
import type { OtherObject, SchemaChange, SchemaTable } from '../contract/schema.js';
import type { SqlName } from '../contract/sql.js';
import { identifier } from '../model/index.js';
import { folded } from '../sql/code.js';

/** Sorts objects so that each comes after those that it needs, and after the object that it belongs to. */
export function neededFirst(objects: readonly OtherObject[]): readonly OtherObject[] {
  const named = new Map<string, OtherObject[]>();
  for (const each of objects) named.set(each.name, [...(named.get(each.name) ?? []), each]);
  const sorted = new Set<OtherObject>();
  const visiting = new Set<OtherObject>();
  const visit = (object: OtherObject): void => {
    if (sorted.has(object) || visiting.has(object)) return;
    visiting.add(object);
    for (const name of [...object.needs, object.on ?? ''])
      for (const needed of named.get(name) ?? []) if (needed !== object) visit(needed);
    sorted.add(object);
  };
  for (const object of objects) visit(object);
  return [...sorted];
}

/** The objects that come before the tables, because columns and functions use them. */
export function comesBeforeTables({ type }: OtherObject): boolean {
  return type === 'extension' || type === 'type' || type === 'domain' || type === 'sequence';
}

/** Whether two objects are the same, but for the spaces and the case of their definitions. */
export function isSame(a: OtherObject, b: OtherObject, dialect: SqlName): boolean {
  return (
    a.type === b.type &&
    a.name === b.name &&
    a.on === b.on &&
    folded(a.definition, dialect) === folded(b.definition, dialect)
  );
}

const dropSql = ({ type, name, on }: OtherObject, dialect: SqlName): string => {
  const kind = type === 'virtual table' ? 'TABLE' : type.toUpperCase();
  const hasTable = type === 'rule' || (type === 'trigger' && dialect === 'postgres');
  return `DROP ${kind} ${identifier(name)}${hasTable && on !== undefined ? ` ON ${identifier(on)}` : ''}`;
};

const holdsRows = ({ type }: OtherObject): boolean => type === 'virtual table' || type === 'sequence';

const label = ({ type, name, on }: OtherObject): string =>
  `${type} ${on === undefined ? name : `${name} of ${on}`}`;

/** The changes of the objects beside tables and functions, by when they run. */
export interface ObjectChanges {
  /** The drops, before the tables change. */
  readonly drops: readonly SchemaChange[];
  /** What tables need, before they are created. */
  readonly before: readonly SchemaChange[];
  /** What needs the tables, after all of them. */
  readonly creates: readonly SchemaChange[];
  /** The drops of what tables needed. */
  readonly after: readonly SchemaChange[];
}

/** Two lists of objects to compare, in one dialect. */
export interface ObjectComparison {
  readonly dialect: SqlName;
  readonly before: readonly OtherObject[];
  readonly after: readonly OtherObject[];
  /** The declared objects: what is created from nothing is written as it is declared. */
  readonly declared?: readonly ObjectSql[];
  /** Whether an object that does not differ is in the way of another change, and is made again. */
  readonly isInTheWay?: (object: OtherObject) => boolean;
}

/**
 * Returns the changes that turn one list of objects into another. An object that differs is dropped and created, and so
 * is every object that depends on one that is dropped.
 */
export function changeObjects({
  dialect,
  before,
  after,
  declared = [],
  isInTheWay = () => false,
}: ObjectComparison): ObjectChanges {
  const had = neededFirst(before);
  const gone = new Set(
    had.filter((each) => isInTheWay(each) || !after.some((other) => isSame(each, other, dialect))),
  );
  for (const each of had) {
    const needs = [...each.needs, each.on ?? ''];
    if ([...gone].some(({ name, type }) => type !== 'extension' && needs.includes(name))) gone.add(each);
  }
  const remains = had.filter((each) => !gone.has(each));
  const made = neededFirst(after.filter((each) => !remains.some((other) => isSame(each, other, dialect))));
  const dropped = [...had.filter((each) => gone.has(each))].reverse();
  const drop = (each: OtherObject): SchemaChange => ({
    summary: `drop ${label(each)}`,
    up: [dropSql(each, dialect)],
    down: [each.definition],
    danger:
      holdsRows(each) && !after.some(({ name }) => name === each.name)
        ? `What ${each.name} holds is lost.`
        : undefined,
    rebuild: [],
  });
  const written = new Map(declared.map((object) => [`${object.type} ${object.name}`, object.sql]));
  const create = (each: OtherObject): SchemaChange => ({
    summary: `create ${label(each)}`,
    up: [written.get(`${each.type} ${each.name}`) ?? each.definition],
    down: [dropSql(each, dialect)],
    danger: undefined,
    rebuild: [],
  });
  const [isGone, isMade] = [namesOf(dropped), namesOf(made)];
  // triggers name a virtual table: while a table changes, SQLite compiles them all
  const isReplaced = (each: OtherObject): boolean =>
    isVirtual(each) && isGone.has(each.name) && isMade.has(each.name);
  const isEarly = (each: OtherObject): boolean =>
    comesBeforeTables(each) || (isVirtual(each) && !isReplaced(each));
  return {
    drops: dropped.filter((each) => !isEarly(each) && !isReplaced(each)).map(drop),
    before: made.filter(isEarly).map(create),
    creates: [...dropped.filter(isReplaced).map(drop), ...made.filter((each) => !isEarly(each)).map(create)],
    after: dropped.filter(isEarly).map(drop),
  };
}

const namesOf = (objects: readonly OtherObject[]): ReadonlySet<string> =>
  new Set(objects.map(({ name }) => name));
const isVirtual = ({ type }: OtherObject): boolean => type === 'virtual table';

/**
 * Returns a described table as the statements that create it leave it: without the columns, indexes, triggers and policies
 * that are declared by their SQL, in the table or in the system.
 *
 * @param declared - the objects that the table declares by their SQL
 * @param isWritten - whether the statements make an index, a trigger or a policy
 */
export function asCreated(
  table: SchemaTable,
  declared: readonly ObjectSql[],
  isWritten: (type: 'index' | 'trigger' | 'policy', name: string) => boolean,
): SchemaTable {
  const isColumn = ({ name }: { readonly name: string }): boolean =>
    declared.some((object) => object.type === 'column' && object.name === name);
  const { rowSecurity } = table;
  return {
    ...table,
    columns: table.columns.filter((column) => !isColumn(column)),
    indexes: table.indexes.filter(({ name }) => isWritten('index', name)),
    triggers: table.triggers.filter(({ name }) => isWritten('trigger', name)),
    ...(rowSecurity && {
      rowSecurity: {
        ...rowSecurity,
        policies: rowSecurity.policies.filter(({ name }) => isWritten('policy', name)),
      },
    }),
  };
}

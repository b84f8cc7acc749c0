import type { GuardedTable } from '../../../contract/guarantee.js';
import type { SchemaChange, SchemaColumn, SchemaObject, SchemaTable } from '../../../contract/schema.js';
import { identifier } from '../../../model/index.js';
import { codeOf, folded } from '../../../sql/code.js';
import { newlyCascading } from '../../../sql/foreign-key.js';
import { tableStatement } from './ddl.js';
import { rowidColumn } from './kept-rowids.js';
import { columnText } from './layout.js';
import { parseTable } from './parse-table.js';
import { placeholder } from './placeholder.js';
import { isComputed, rebuildTable } from './rebuild.js';
import { columnParts } from './render.js';
import { replacementName } from './replacement.js';

/** The warning for a change that can be undone only in part: undoing it restores the schema, but not the data. */
export const withoutData = 'undoing it restores the schema, not the data';

/** Column now → column before. */
type Renamed = Readonly<Record<string, string>>;

interface Difference {
  readonly before: SchemaTable;
  readonly after: SchemaTable;
  readonly renamed: Renamed;
  readonly added: readonly SchemaColumn[];
  readonly dropped: readonly SchemaColumn[];
  /** Columns in both: after, before. */
  readonly changed: readonly (readonly [SchemaColumn, SchemaColumn])[];
}

/**
 * Generates the changes that turn the table `before` into `after`: in place where SQLite supports it, otherwise by
 * rebuilding the table.
 */
export function alterTable(
  before: SchemaTable,
  after: SchemaTable,
  model: GuardedTable | undefined,
  renamed: Renamed,
): SchemaChange[] {
  const difference = compare(before, after, renamed);
  if (mustRebuild(difference)) return [rebuild(difference, model)];
  const { added, dropped } = difference;
  const indexes = objectChanges('index', before, before.indexes, after.indexes);
  const triggers = objectChanges('trigger', before, before.triggers, after.triggers);
  return [
    ...triggers.drop,
    ...indexes.drop,
    ...dropped.map((column) => dropColumn(before.name, column)),
    ...added.map((column) => addColumn(after.name, column)),
    ...indexes.create,
    ...triggers.create,
  ];
}

const compare = (before: SchemaTable, after: SchemaTable, given: Renamed): Difference => {
  const old = new Map(before.columns.map((column) => [column.name, column]));
  const renamed = Object.fromEntries(
    Object.entries(given).filter(
      ([now, was]) => old.has(was) && !old.has(now) && after.columns.some((c) => c.name === now),
    ),
  );
  const pairs = after.columns.map(
    (column) => [column, old.get(renamed[column.name] ?? column.name)] as const,
  );
  const kept = new Set(pairs.map(([, former]) => former?.name));
  return {
    before,
    after,
    renamed,
    added: pairs.flatMap(([column, former]) => (former ? [] : [column])),
    dropped: before.columns.filter(({ name }) => !kept.has(name)),
    changed: pairs.flatMap(([column, former]) =>
      former && !sameColumn(column, former) ? [[column, former] as const] : [],
    ),
  };
};

const sameColumn = (a: SchemaColumn, b: SchemaColumn): boolean =>
  a.name === b.name &&
  a.type === b.type &&
  a.notNull === b.notNull &&
  a.default === b.default &&
  a.rest === b.rest;

const texts = (objects: readonly SchemaObject[]): string =>
  objects
    .map(({ name, definition }) => `${name}\n${folded(definition, 'sqlite')}`)
    .sort()
    .join('\n');

const mustRebuild = ({ before, after, added, dropped, changed }: Difference): boolean =>
  changed.length > 0 ||
  texts(before.constraints) !== texts(after.constraints) ||
  before.options !== after.options ||
  // the way down must be able to add a dropped column again
  [...added, ...dropped].some((column) => !canBeAdded(column));

const notAddable = new Set(['PRIMARY', 'UNIQUE', 'REFERENCES', 'GENERATED']);

/** https://sqlite.org/lang_altertable.html#altertabaddcol */
const canBeAdded = ({ notNull, default: standard, rest }: SchemaColumn): boolean => {
  const [first] = codeOf(standard ?? '', 'sqlite');
  const isConstant = first?.text !== '(' && !first?.word.startsWith('CURRENT_');
  return (
    isConstant &&
    (!notNull || standard !== undefined) &&
    !codeOf(rest, 'sqlite').some(({ word }) => notAddable.has(word))
  );
};

const addStatement = (table: string, column: SchemaColumn): string =>
  `ALTER TABLE ${identifier(table)} ADD COLUMN ${columnText(columnParts(column))}`;

const dropStatement = (table: string, column: SchemaColumn): string =>
  `ALTER TABLE ${identifier(table)} DROP COLUMN ${identifier(column.name)}`;

const addColumn = (table: string, column: SchemaColumn): SchemaChange => ({
  summary: `${table}: add column ${column.name}`,
  up: [addStatement(table, column)],
  down: [dropStatement(table, column)],
  danger: undefined,
  rebuild: [],
});

const dropColumn = (table: string, column: SchemaColumn): SchemaChange => ({
  summary: `${table}: drop column ${column.name}`,
  up: [dropStatement(table, column)],
  down: [addStatement(table, column)],
  danger: `The values of ${table}.${column.name} are lost; ${withoutData}.`,
  rebuild: [],
});

const objectChanges = (
  type: 'index' | 'trigger',
  table: SchemaTable,
  before: readonly SchemaObject[],
  after: readonly SchemaObject[],
): { drop: SchemaChange[]; create: SchemaChange[] } => {
  const missingFrom = (others: readonly SchemaObject[]) => (object: SchemaObject) =>
    !others.some(
      ({ name, definition }) =>
        name === object.name && folded(definition, 'sqlite') === folded(object.definition, 'sqlite'),
    );
  const drop = ({ name }: SchemaObject): string => `DROP ${type.toUpperCase()} ${identifier(name)}`;
  const change = (verb: string, object: SchemaObject, up: string, down: string): SchemaChange => ({
    summary: `${table.name}: ${verb} ${type} ${object.name}`,
    up: [up],
    down: [down],
    danger: undefined,
    rebuild: [],
  });
  return {
    drop: before.filter(missingFrom(after)).map((old) => change('drop', old, drop(old), old.definition)),
    create: after
      .filter(missingFrom(before))
      .map((made) => change('create', made, made.definition, drop(made))),
  };
};

const rebuild = (difference: Difference, model: GuardedTable | undefined): SchemaChange => {
  const { before, after, renamed } = difference;
  const later = Object.fromEntries(Object.entries(renamed).map(([now, was]) => [was, now]));
  const declared = model && tableStatement(model, replacementName(model.name));
  const create = declared !== undefined && isWhole(declared, after) ? declared : undefined;
  return {
    summary: `${after.name}: ${rebuildReasons(difference).join(', ')} (rebuilds the table)`,
    up: rebuildTable(before, after, (name) => renamed[name] ?? name, create),
    down: rebuildTable(
      after,
      before,
      (name) => later[name] ?? name,
      undefined,
      new Map(
        difference.dropped.filter(isFilledBack(before)).map((column) => [column.name, placeholder(column)]),
      ),
    ),
    danger: rebuildDangers(difference).join(' '),
    rebuild: ['up', 'down'],
  };
};

// columns and constraints that the model does not declare are kept
const isWhole = (create: string, { name, columns, constraints }: SchemaTable): boolean => {
  const parsed = parseTable(create, name);
  return parsed.columns.length === columns.length && parsed.constraints.length === constraints.length;
};

const rebuildReasons = ({ before, after, renamed, added, dropped, changed }: Difference): string[] => {
  const reasons = [
    ...Object.entries(renamed).map(([now, was]) => `rename column ${was} to ${now}`),
    ...added.map(({ name }) => `add column ${name}`),
    ...dropped.map(({ name }) => `drop column ${name}`),
    ...changed.flatMap(([{ name }]) => (name in renamed ? [] : [`change column ${name}`])),
  ];
  const constraints =
    texts(before.constraints) !== texts(after.constraints) || before.options !== after.options;
  return constraints && reasons.length === 0 ? ['change constraints'] : reasons;
};

const needsValue = (column: SchemaColumn): boolean =>
  column.notNull && column.default === undefined && !isComputed(column);

// SQLite numbers the rows of a column that holds their rowids
const isFilledBack =
  (table: SchemaTable) =>
  (column: SchemaColumn): boolean =>
    needsValue(column) && column.name !== rowidColumn(table);

const rebuildDangers = ({ before, after, added, dropped, changed }: Difference): string[] => {
  const table = after.name;
  const names = (columns: readonly SchemaColumn[]): string => columns.map(({ name }) => name).join(', ');
  const lost = dropped.filter((column) => !isComputed(column));
  const unfilled = added.filter(needsValue);
  const unfilledBack = dropped.filter(isFilledBack(before));
  const stricter = changed.flatMap(([now, was]) =>
    now.type !== was.type || now.rest !== was.rest || (now.notNull && !was.notNull) ? [now] : [],
  );
  return [
    `${table} is rewritten; writers wait until it is done.`,
    lost.length > 0 ? `The values of ${names(lost)} are lost; ${withoutData}.` : '',
    stricter.length > 0
      ? `It fails, and changes nothing, where a value of ${names(stricter)} is invalid for the new column.`
      : '',
    unfilled.length > 0 ? `It fails if ${table} has rows: ${names(unfilled)} has no default.` : '',
    ...unfilledBack.map((column) => `Undoing it sets ${column.name} to ${placeholder(column)} in every row.`),
    ...newlyCascading(before.constraints, after.constraints, 'sqlite'),
  ].filter(Boolean);
};

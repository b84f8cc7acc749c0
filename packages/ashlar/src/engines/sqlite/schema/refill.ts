import type { OtherObject, Schema, SchemaChange, SchemaTable } from '../../../contract/schema.js';
import { identifier } from '../../../model/index.js';
import { codeOf, nameOf, splitAtCommas, stringOf } from '../../../sql/code.js';
import { isSame } from '../../object-changes.js';

/** The arguments of FTS5 for an index: its columns, those that hold no words, and the table that it reads. */
interface Words {
  readonly columns: readonly string[];
  /** The positions of the columns that hold no words. */
  readonly keys: readonly number[];
  /** The table whose rows it indexes; `undefined` if it keeps the text itself. */
  readonly content: string | undefined;
}

const wordsOf = ({ type, definition }: OtherObject): Words | undefined => {
  if (type !== 'virtual table' || !/\busing\s+fts5\b/i.test(definition)) return undefined;
  const parts = splitAtCommas(codeOf(/\(([\s\S]*)\)\s*$/.exec(definition)?.[1] ?? '', 'sqlite'));
  const columns = parts.filter((part) => part[1]?.text !== '=');
  const content = parts.find(([option]) => option?.word === 'CONTENT')?.[2];
  return {
    columns: columns.flatMap(([column]) => (column ? [nameOf(column)] : [])),
    keys: columns.flatMap((part, at) => (part[1]?.word === 'UNINDEXED' ? [at] : [])),
    content: content && (content.kind === 'string' ? stringOf(content) : nameOf(content)),
  };
};

const rebuild = (name: string): string =>
  `INSERT INTO ${identifier(name)} (${identifier(name)}) VALUES ('rebuild')`;

const isIndexOf = ({ triggers }: SchemaTable, name: string): boolean =>
  ['insert', 'update', 'delete'].every((event) => triggers.some((each) => each.name === `${name}_${event}`));

/**
 * Returns the statements that complete and fill an index of words again, after its own CREATE statement; `undefined` for a
 * described object that is no index over the rows of one of the tables.
 */
const refillOf = (object: OtherObject, tables: readonly SchemaTable[]): readonly string[] | undefined => {
  const words = wordsOf(object);
  const { name } = object;
  if (words?.content !== undefined)
    return tables.some((table) => table.name === words.content) ? [rebuild(name)] : undefined;
  const table = words && tables.find((each) => isIndexOf(each, name));
  if (!table) return undefined;
  const columns = words.columns.map(identifier).join(', ');
  const keys = words.keys.map((at) => `c${at}`).join(', ');
  return [
    ...(keys === ''
      ? []
      : [`CREATE INDEX ${identifier(`${name}_key`)} ON ${identifier(`${name}_content`)} (${keys})`]),
    `INSERT INTO ${identifier(name)} (${columns}) SELECT ${columns} FROM ${identifier(table.name)}`,
  ];
};

/** Returns the change that fills an index of words, on the way there or on the way back. */
export function refill(name: string, fill: readonly string[], direction: 'up' | 'down'): SchemaChange {
  return {
    summary: `${name}: index the rows again`,
    up: direction === 'up' ? fill : [],
    down: direction === 'down' ? fill : [],
    danger: undefined,
    rebuild: [],
  };
}

/** The way back makes a dropped or changed index again, and fills it after all tables have their former columns. */
export function refilledBack(before: Schema, after: Schema): readonly SchemaChange[] {
  return before.objects.flatMap((object) => {
    const isGone = !after.objects.some((other) => isSame(object, other, 'sqlite'));
    const fill = isGone ? refillOf(object, before.tables) : undefined;
    return fill ? [refill(object.name, fill, 'down')] : [];
  });
}

/** The way back fills the indexes that read a renamed table after it has its former name. */
export function refilledByName(
  before: Schema,
  renamed: ReadonlyMap<string, string>,
): readonly SchemaChange[] {
  return before.objects.flatMap((object) =>
    renamed.has(wordsOf(object)?.content ?? '') ? [refill(object.name, [rebuild(object.name)], 'down')] : [],
  );
}

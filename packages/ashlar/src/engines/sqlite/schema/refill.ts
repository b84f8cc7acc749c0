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

const refill = (name: string, fill: readonly string[]): SchemaChange => ({
  summary: `${name}: index the rows again`,
  up: [],
  down: fill,
  danger: undefined,
  rebuild: [],
});

/** The way back makes a dropped or changed index again, and fills it after all tables have their former columns. */
export function refilledBack(before: Schema, after: Schema): readonly SchemaChange[] {
  return before.objects.flatMap((object) => {
    const isGone = !after.objects.some((other) => isSame(object, other, 'sqlite'));
    const fill = isGone ? refillOf(object, before.tables) : undefined;
    return fill ? [refill(object.name, fill)] : [];
  });
}

/** Returns the indexes of words that name the rows of a table by their rowids, with the statements that fill them again. */
export function indexesByRowid(
  objects: readonly OtherObject[],
  table: string,
): readonly { readonly name: string; readonly fill: readonly string[] }[] {
  return objects.flatMap((object) =>
    wordsOf(object)?.content?.toLowerCase() === table.toLowerCase()
      ? [{ name: object.name, fill: [rebuild(object.name)] }]
      : [],
  );
}

/** The way back fills the indexes that read a renamed table after it has its former name. */
export function refilledByName(
  before: Schema,
  renamed: ReadonlyMap<string, string>,
): readonly SchemaChange[] {
  return before.objects.flatMap((object) =>
    renamed.has(wordsOf(object)?.content ?? '') ? [refill(object.name, [rebuild(object.name)])] : [],
  );
}

/** Returns the scripts that fill the indexes of words over the rows of these tables, whatever they hold. */
export function refilling({ objects, tables }: Schema, names: readonly string[]): readonly string[] {
  return objects.flatMap((object) => {
    const words = wordsOf(object);
    if (!words) return [];
    if (words.content !== undefined) return names.includes(words.content) ? [rebuild(object.name)] : [];
    const table = tables.find((each) => names.includes(each.name) && isIndexOf(each, object.name));
    const [name, columns] = [identifier(object.name), words.columns.map(identifier).join(', ')];
    return table
      ? [
          `DELETE FROM ${name};\nINSERT INTO ${name} (${columns}) SELECT ${columns} FROM ${identifier(table.name)}`,
        ]
      : [];
  });
}

import type { RowWatch } from '../../contract/contents.js';
import type { SqlDialect } from '../../contract/dialect.js';
import type { Owner } from '../../contract/owner.js';
import { type CodeToken, codeOf, findWords, hasWords, nameOf, splitAtCommas } from '../../sql/code.js';
import { Reader } from '../reader.js';
import { renameIn } from '../renamed-by.js';
import type { StoredTable, TableRenames } from './contents.js';

/** A statement that changes rows which exist: its table, and the columns that it sets. */
interface RowChange {
  readonly table: string;
  /** Empty for a DELETE; `undefined` if the statement does not say it plainly. */
  readonly sets: readonly string[] | undefined;
}

/** An owner's connection whose statements are watched. */
export interface Watched {
  readonly owner: Owner;
  readonly watch: RowWatch;
  /** The tables that its statements renamed. */
  readonly renames: TableRenames;
}

/** Returns an owner that counts the existing rows that its statements change. */
export async function watched(
  owner: Owner,
  { name: dialect, contents }: SqlDialect,
  before: readonly StoredTable[],
): Promise<Watched> {
  const watch = await contents.watch(owner.run);
  const renames: (readonly [string, string])[] = [];
  const tableOf = (name: string): StoredTable | undefined =>
    before.find((each) => each.name === name) ??
    before.find((each) => dialect === 'sqlite' && each.name.toLowerCase() === name.toLowerCase());
  const isNew = (table: string, column: string): boolean =>
    tableOf(table)?.columns.every(({ name }) => name.toLowerCase() !== column.toLowerCase()) === true;
  const around = async <T>(sql: string, run: () => Promise<T>): Promise<T> => {
    const tokens = codeOf(sql, dialect);
    const change = changeOf(tokens);
    const fillsNew =
      change?.sets !== undefined &&
      change.sets.length > 0 &&
      change.sets.every((column) => isNew(change.table, column));
    const result = await watch.around(
      { sql, table: change && (tableOf(change.table)?.id ?? change.table), counts: !fillsNew },
      run,
    );
    const rename = renameIn(tokens);
    if (rename && !rename.column) renames.push([rename.table.from, rename.table.to]);
    return result;
  };
  return {
    watch,
    renames,
    owner: {
      ...owner,
      run: (sql, parameters) => around(sql, () => owner.run(sql, parameters)),
      script: (sql) => around(sql, () => owner.script(sql)),
    },
  };
}

/** Reads which rows a statement changes; `undefined` for a statement of another kind. */
function changeOf(tokens: readonly CodeToken[]): RowChange | undefined {
  const isWith = tokens[0]?.word === 'WITH';
  const start = isWith ? findFirst(tokens, ['UPDATE', 'DELETE', 'INSERT', 'REPLACE']) : 0;
  const words = tokens.slice(Math.max(start, 0));
  const reader = new Reader(words);
  if (reader.take('DELETE', 'FROM')) return { table: reader.table(), sets: [] };
  if (reader.take('UPDATE')) {
    if (reader.take('OR')) reader.skip();
    return { table: reader.table(), sets: setColumns(words) };
  }
  const replaces = reader.next('REPLACE') || reader.next('INSERT', 'OR', 'REPLACE');
  const into = findWords(words, 'INTO');
  if (into < 0 || !(replaces || findWords(words, 'DO', 'UPDATE') > 0)) return undefined;
  return { table: new Reader(words.slice(into + 1)).table(), sets: undefined };
}

const findFirst = (tokens: readonly CodeToken[], words: readonly string[]): number => {
  const found = words.map((word) => findWords(tokens, word)).filter((at) => at >= 0);
  return found.length > 0 ? Math.min(...found) : -1;
};

/** The columns of `SET a = …, b = …`; `undefined` for `SET (a, b) = …`. */
const setColumns = (tokens: readonly CodeToken[]): readonly string[] | undefined => {
  const set = findWords(tokens, 'SET');
  if (set < 0) return undefined;
  const ends = [findWords(tokens, 'FROM'), findWords(tokens, 'WHERE'), findWords(tokens, 'RETURNING')];
  const end = Math.min(...ends.filter((at) => at > set), tokens.length);
  const names: string[] = [];
  for (const part of splitAtCommas(tokens.slice(set + 1, end))) {
    const [column, equals] = part;
    if (!column || equals?.text !== '=' || hasWords(part, 0, 'ROW')) return undefined;
    names.push(nameOf(column));
  }
  return names;
};

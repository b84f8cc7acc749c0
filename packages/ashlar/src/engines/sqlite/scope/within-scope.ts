import { AshlarError } from '../../../errors.js';
import { depths, nameOf, type Token, tokens } from '../schema/sql-text.js';
import { type ScopedTables, withinBounds } from './scoped-tables.js';

/**
 * A statement of a session as it runs where there are scoped tables. In a session their names are views, which show the
 * rows of the scope; only the target of a write has to be the table itself, and an UPDATE or DELETE of it then gets the
 * scope as one more condition. Triggers look at what is written. What stands beside a scoped table is not written to.
 *
 * @throws AshlarError `privilege-missing` for a statement that names a table past its view, or writes to one beside
 */
export const withinScope = (sql: string, scoped: ScopedTables): string => {
  if (scoped.version === 0) return sql;
  if (suspect.test(sql)) assertNoBypass(tokens(sql), scoped);
  return writing.test(sql) ? aimed(sql, scoped) : sql;
};

// only a statement with one of these could name a table past its view, or write
const suspect = /main|sqlite_stat/i;
const writing = /insert|replace|update|delete/i;

const assertNoBypass = (list: readonly Token[], scoped: ScopedTables): void => {
  list.forEach((_, at) => {
    const name = nameAt(list, at);
    // samples of every index are kept there, whosever rows they come from
    if (/^sqlite_stat\d$/.test(name)) throw refusal(name);
    if (name !== 'main' || list[at + 1]?.text !== '.') return;
    const table = nameAt(list, at + 2);
    if (scoped.column(table) || scoped.hides(table)) throw refusal(`main.${table}`);
  });
};

const refusal = (name: string): AshlarError =>
  new AshlarError('privilege-missing', {
    message: `A session may not name ${name}.`,
    detail: 'It holds rows of every scope; a scoped table is reached by its bare name.',
    suggestion: 'Leave "main." out.',
  });

const notWritten = (table: string): AshlarError =>
  new AshlarError('privilege-missing', {
    message: `A session may not write to ${table}.`,
    detail: 'It stands beside a scoped table, and the database alone writes to it.',
  });

// SQLite takes a string for a name where it wants one, and names in any case
const nameAt = (list: readonly Token[], at: number): string => {
  const token = list[at];
  if (!token) return '';
  const name = token.text.startsWith("'") ? token.text.slice(1, -1).replaceAll("''", "'") : nameOf(token);
  return name.toLowerCase();
};

const verbs = new Set(['INSERT', 'REPLACE', 'UPDATE', 'DELETE', 'SELECT', 'VALUES']);
const behindCondition = new Set(['RETURNING', 'ORDER', 'LIMIT']);

const aimed = (sql: string, scoped: ScopedTables): string => {
  const all = tokens(sql);
  const end = all.findIndex(({ text }) => text === ';');
  const list = end < 0 ? all : all.slice(0, end);
  const depth = depths(list);
  const isOutside = (i: number): boolean => depth[i] === 0;
  const verb = list.findIndex(({ word }, i) => isOutside(i) && verbs.has(word));
  const target = targetAt(list, verb);
  const table = nameAt(list, target);
  if (scoped.hides(table)) throw notWritten(table);
  const column = scoped.column(table);
  const token = list[target];
  if (!token || !column || list[target + 1]?.text === '.') return sql;
  const edits: Edit[] = [{ at: token.start, text: 'main.' }];
  const { word } = list[verb] ?? {};
  if (word === 'UPDATE' || word === 'DELETE') {
    // brackets that close what they did not open would close the one that is put around the condition
    if (depth.some((level) => level < 0)) return sql;
    const alias = list[target + 1]?.word === 'AS' ? nameOf(list[target + 2] ?? token) : table;
    const condition = withinBounds(column, `"${alias.replaceAll('"', '""')}"."${column.name}"`);
    const where = list.findIndex((each, i) => i > target && isOutside(i) && each.word === 'WHERE');
    const behind = list.findIndex((each, i) => i > target && isOutside(i) && behindCondition.has(each.word));
    const last = list[(behind < 0 ? list.length : behind) - 1] ?? token;
    const first = list[where + 1];
    if (where >= 0 && first) edits.push({ at: first.start, text: '(' });
    edits.push({ at: last.end, text: where >= 0 ? `) AND ${condition}` : ` WHERE ${condition}` });
  }
  return edited(sql, edits);
};

// UPDATE [OR …] t · INSERT [OR …] INTO t · REPLACE INTO t · DELETE FROM t
const targetAt = (list: readonly Token[], verb: number): number => {
  const next = verb + (list[verb + 1]?.word === 'OR' ? 3 : 1);
  const word = list[next]?.word;
  switch (list[verb]?.word) {
    case 'UPDATE':
      return next;
    case 'INSERT':
    case 'REPLACE':
      return word === 'INTO' ? next + 1 : -1;
    case 'DELETE':
      return word === 'FROM' ? next + 1 : -1;
    default:
      return -1;
  }
};

interface Edit {
  readonly at: number;
  readonly text: string;
}

const edited = (sql: string, edits: readonly Edit[]): string => {
  let text = '';
  let from = 0;
  for (const edit of edits) {
    text += sql.slice(from, edit.at) + edit.text;
    from = edit.at;
  }
  return text + sql.slice(from);
};

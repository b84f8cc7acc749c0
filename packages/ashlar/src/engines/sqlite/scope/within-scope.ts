import { AshlarError } from '../../../errors.js';
import type { SideTable } from '../../../model/index.js';
import { type CodeToken, codeOf, depths, nameOf } from '../../../sql/code.js';
import { verbAt } from '../../../sql/kind.js';
import { sideTableViolation } from '../../violations.js';
import { nameIn } from './name-in.js';
import { type ScopedTables, withinBounds } from './scoped-tables.js';
import { type Edit, edited, targetAt } from './target.js';

/**
 * Rewrites a statement of a session so that it reaches only the rows of the session's scope. The names of scoped tables
 * are views, which show these rows. Only the target of a write must be the table itself; an UPDATE or DELETE of it gets
 * the scope as one more condition, and triggers check the rows that are written. Side tables of a scoped table are
 * never written.
 *
 * @throws AshlarError `privilege-missing` for a statement that names a table past its view; `guarantee-violated` for one
 *   that writes to a side table
 */
export function withinScope(sql: string, scoped: ScopedTables): string {
  if (scoped.version === 0) return sql;
  const tokens = codeOf(sql, 'sqlite');
  assertNoBypass(tokens, scoped);
  const end = tokens.findIndex(({ text }) => text === ';');
  return aimed(sql, end < 0 ? tokens : tokens.slice(0, end), scoped);
}

const assertNoBypass = (tokens: readonly CodeToken[], scoped: ScopedTables): void => {
  tokens.forEach((_, at) => {
    const name = nameAt(tokens, at);
    // samples of every index are kept there, whatever scope their rows have
    if (/^sqlite_stat\d$/.test(name)) throw bypass(name);
    if (name !== 'main' || tokens[at + 1]?.text !== '.') return;
    const table = nameAt(tokens, at + 2);
    if (scoped.column(table) || scoped.hidden(table)) throw bypass(`main.${table}`);
  });
};

const bypass = (name: string): AshlarError =>
  new AshlarError('privilege-missing', {
    message: `A session may not use the name ${name}.`,
    detail:
      'This name reaches rows of every scope; the bare name of a scoped table reaches the rows of the session’s scope.',
    suggestion: 'Use the table name without "main.".',
  });

/** Returns the error for a statement of a session that writes to a side table. */
export const writtenByTriggers = ({ name, guarantee }: SideTable): AshlarError =>
  new AshlarError('guarantee-violated', {
    ...sideTableViolation({ table: name, guarantee }),
    // what a server reports: the role has no right to write to the table
    cause: new AshlarError('privilege-missing', { message: `A session may not write to ${name}.` }),
  });

const nameAt = (tokens: readonly CodeToken[], at: number): string => {
  const token = tokens[at];
  return token ? nameIn(token) : '';
};

const afterCondition = new Set(['RETURNING', 'ORDER', 'LIMIT']);

/** The statement with the table itself as the target of its write, if that is a scoped table. */
const aimed = (sql: string, tokens: readonly CodeToken[], scoped: ScopedTables): string => {
  const verb = verbAt(tokens);
  const target = targetAt(tokens, verb);
  const table = nameAt(tokens, target);
  const side = scoped.hidden(table);
  if (side) throw writtenByTriggers(side);
  const column = scoped.column(table);
  const token = tokens[target];
  if (!token || !column || tokens[target + 1]?.text === '.') return sql;
  const edits: Edit[] = [{ at: token.start, text: 'main.' }];
  const { word } = tokens[verb] ?? {};
  if (word === 'UPDATE' || word === 'DELETE') {
    const depth = depths(tokens);
    // a parenthesis that closes what was not opened would close the one that is put around the condition
    if (depth.some((level) => level < 0)) return sql;
    const alias = tokens[target + 1]?.word === 'AS' ? nameOf(tokens[target + 2] ?? token) : table;
    const condition = withinBounds(column, `"${alias.replaceAll('"', '""')}"."${column.name}"`);
    const after = (test: (each: CodeToken) => boolean): number =>
      tokens.findIndex((each, at) => at > target && depth[at] === 0 && test(each));
    const where = after((each) => each.word === 'WHERE');
    const rest = after((each) => afterCondition.has(each.word));
    const last = tokens[(rest < 0 ? tokens.length : rest) - 1] ?? token;
    const first = tokens[where + 1];
    // the scope comes first: SQLite evaluates nothing of the statement's own condition on rows of other scopes
    if (where >= 0 && first) edits.push({ at: first.start, text: `${condition} AND (` });
    edits.push({ at: last.end, text: where >= 0 ? ')' : ` WHERE ${condition}` });
  }
  return edited(sql, edits);
};

/** The table that a statement writes to, in lower case; `undefined` for one that writes to none. */
export function writtenTable(sql: string): string | undefined {
  const tokens = codeOf(sql, 'sqlite');
  const target = targetAt(tokens, verbAt(tokens));
  return nameAt(tokens, tokens[target + 1]?.text === '.' ? target + 2 : target) || undefined;
}

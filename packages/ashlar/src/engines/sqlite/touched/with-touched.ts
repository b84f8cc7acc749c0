import { type CodeToken, codeOf, depths } from '../../../sql/code.js';
import { verbAt } from '../../../sql/kind.js';
import { nameIn } from '../scope/name-in.js';
import { edited, targetAt } from '../scope/target.js';
import type { TouchedTables } from './touched-tables.js';

/**
 * Adds the current time of the table's `updatedAt()` columns to each SET of an UPDATE, and of an INSERT … ON CONFLICT DO
 * UPDATE. It is the first assignment: of several assignments of a column, SQLite takes the last, so one in the statement
 * wins. A trigger that updates the row again would write a second row of the audit trail, and RETURNING would show the
 * old time.
 */
export function withTouched(sql: string, touched: TouchedTables): string {
  if (touched.empty) return sql;
  const all = codeOf(sql, 'sqlite');
  const verb = verbAt(all);
  const end = all.findIndex(({ text }, at) => at > verb && text === ';');
  const tokens = end < 0 ? all : all.slice(0, end);
  const assignments = touched.assignments(targetName(tokens, targetAt(tokens, verb)));
  if (assignments === undefined) return sql;
  const depth = depths(tokens);
  // SET is a reserved word: no name is written so without quotes
  const sets = tokens.filter(({ word }, at) => word === 'SET' && at > verb && depth[at] === 0);
  return edited(
    sql,
    sets.map((set) => ({ at: set.end, text: ` ${assignments},` })),
  );
}

const targetName = (tokens: readonly CodeToken[], at: number): string => {
  const token = tokens[tokens[at + 1]?.text === '.' ? at + 2 : at];
  return token ? nameIn(token) : '';
};

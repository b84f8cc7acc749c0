import type { SqlName } from '../contract/sql.js';
import { type CodeToken, codeOf, depths, readCode } from './code.js';

/**
 * The first word of a statement in upper case; `''` when the statement does not begin with a word. Comments, empty
 * statements and parentheses before it are skipped. It reads no further than the word.
 */
export function firstWord(sql: string, dialect: SqlName): string {
  for (const { text, word } of readCode(sql, dialect)) {
    if (text !== ';' && text !== '(') return word;
  }
  return '';
}

const verbs: ReadonlySet<string> = new Set(
  'SELECT VALUES TABLE INSERT REPLACE UPDATE DELETE MERGE'.split(' '),
);
const writingVerbs: ReadonlySet<string> = new Set('INSERT REPLACE UPDATE DELETE MERGE TRUNCATE'.split(' '));
const leading: ReadonlySet<string> = new Set(['WITH', 'EXPLAIN']);
const beforeName: ReadonlySet<string> = new Set(['WITH', 'RECURSIVE', ',']);

/**
 * The position of a statement's verb: the first word, or the word after EXPLAIN and WITH …; -1 when there is no verb.
 */
export function verbAt(tokens: readonly CodeToken[]): number {
  const first = tokens.findIndex(({ text }) => text !== ';');
  if (!leading.has(tokens[first]?.word ?? '')) return tokens[first]?.word ? first : -1;
  const depth = depths(tokens);
  return tokens.findIndex(({ word }, at) => {
    // a common table expression may have a verb as its name
    const before = tokens[at - 1];
    return depth[at] === 0 && verbs.has(word) && !beforeName.has(before?.word || before?.text || '');
  });
}

/**
 * The verb of a statement in upper case, after any EXPLAIN and WITH …; for example, the verb of `WITH a AS (…) INSERT
 * …` is `INSERT`.
 */
export function verbOf(sql: string, dialect: SqlName): string {
  const tokens = codeOf(sql, dialect);
  return tokens[verbAt(tokens)]?.word ?? '';
}

/**
 * Whether the text of a statement shows that it changes rows: INSERT, UPDATE, DELETE, MERGE, REPLACE or TRUNCATE, also
 * as a common table expression (PostgreSQL). EXPLAIN does not, except with ANALYZE (PostgreSQL). Changes made by
 * functions are not detected.
 */
export function changesRows(sql: string, dialect: SqlName): boolean {
  const tokens = codeOf(sql, dialect);
  const isExplained = tokens.find(({ text }) => text !== ';')?.word === 'EXPLAIN';
  if (isExplained && (dialect === 'sqlite' || !tokens.some(({ word }) => /^ANALY[SZ]E$/.test(word))))
    return false;
  if (writingVerbs.has(tokens[verbAt(tokens)]?.word ?? '')) return true;
  return tokens.some(
    ({ word }, at) =>
      writingVerbs.has(word) &&
      tokens[at - 1]?.text === '(' &&
      ['AS', 'MATERIALIZED'].includes(tokens[at - 2]?.word ?? ''),
  );
}

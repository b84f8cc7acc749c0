import { type CodeToken, codeOf } from '../../../sql/code.js';
import { firstWord } from '../../../sql/kind.js';
import { isKept, isPlainRead } from './statement-kind.js';

// words that stand before a parenthesis without calling anything
const keywords: ReadonlySet<string> = new Set(
  `ALL AND ANY ARRAY AS BETWEEN BY CASE CAST CONFLICT CUBE DISTINCT ELSE EXCEPT EXISTS FILTER FROM GROUPING HAVING ILIKE IN
INTERSECT IS ITERATE JOIN LATERAL LIKE LIMIT MATERIALIZED NOT OFFSET ON OR OVER RECURSIVE RETURNING ROLLUP ROW SELECT SET
SETS SOME THEN UNION UPDATE USING VALUES WHEN WHERE WITH WITHIN`.split(/\s+/),
);

// functions of PostgreSQL that only compute, those that Ashlar's own statements and Kysely's builder call among them
const computing: ReadonlySet<string> = new Set(
  `ABS ARRAY_AGG AVG BOOL_AND BOOL_OR CEIL COALESCE CONCAT COUNT CURRENT_SETTING DATE_TRUNC DENSE_RANK EXTRACT FIRST_VALUE
FLOOR GREATEST JSON_AGG JSON_BUILD_ARRAY JSON_BUILD_OBJECT JSONB_AGG JSONB_ARRAY_LENGTH JSONB_BUILD_ARRAY
JSONB_BUILD_OBJECT JSONB_TYPEOF LAG LAST_VALUE LEAD LEAST LENGTH LOWER MAX MIN MOD NOW NULLIF NUMERIC OCTET_LENGTH
PERCENTILE_CONT POSITION RANK REPLACE ROUND ROW_NUMBER ROW_TO_JSON STRING_AGG STRPOS SUBSTR SUBSTRING SUM TIMESTAMPTZ
TO_CHAR TO_JSON TO_JSONB TRIM UNNEST UPPER GENERATE_SERIES HASHTEXTEXTENDED PG_ADVISORY_XACT_LOCK`.split(
    /\s+/,
  ),
);

// what a transaction does not undo when it is rolled back
const resetBeyondTransaction = 'SELECT pg_advisory_unlock_all(); DISCARD SEQUENCES';
const resetAfterCommit =
  'RESET SESSION AUTHORIZATION; SET ROLE NONE; RESET ALL; CLOSE ALL; UNLISTEN *; DISCARD TEMP';

/** What brings a connection back to the state in which it was opened, except for the statements that Ashlar prepared. */
export const resetConnection = `${resetAfterCommit}; ${resetBeyondTransaction}`;

/** The name of Ashlar's connections in pg_stat_activity. */
export const applicationName = 'ashlar';

/**
 * COMMIT and the reset of the connection in one message: behind a pooler, the next message may reach another connection.
 * What a rollback would leave goes first, because the COMMIT may fail. The pooler gives the name of each client to its
 * connection, and takes RESET ALL for a change of that name.
 */
export const commitAndReset = `${resetBeyondTransaction}; COMMIT; ${resetAfterCommit}; SET application_name = '${applicationName}'`;

/** ROLLBACK and what it leaves to be reset, in one message. */
export const rollbackAndReset = `ROLLBACK; ${resetBeyondTransaction}`;

const remembered = 1_000;

/**
 * Finds the statements that may change more of a connection than the transaction undoes or ends: `set_config(…, false)`, a
 * lock of the connection, a function that someone wrote. All others read and write rows and call only functions that
 * compute, so that no reset is needed after them.
 */
export class Lasting {
  readonly #passing = new Set<string>();

  /** Whether the effects of a statement may outlast its transaction. */
  mayLast(sql: string): boolean {
    if (this.#passing.has(sql)) return false;
    if (!isPassing(sql)) return true;
    if (this.#passing.size >= remembered) this.#passing.clear();
    this.#passing.add(sql);
    return false;
  }
}

const isPassing = (sql: string): boolean => {
  if (!isKept(sql) && !(isPlainRead(sql) || firstWord(sql, 'postgres') === 'EXPLAIN')) return false;
  const tokens = codeOf(sql, 'postgres');
  return tokens.every((token, i) => tokens[i + 1]?.text !== '(' || isNoCall(token, tokens[i - 1]));
};

const isNoCall = ({ kind, word }: CodeToken, before: CodeToken | undefined): boolean => {
  if (kind === 'word') {
    if (keywords.has(word)) return true;
    return before?.text === '.' ? false : computing.has(word) || namesTable(before);
  }
  return kind !== 'name' || namesTable(before);
};

// INSERT INTO t (…), AS t (…)
const namesTable = (before: CodeToken | undefined): boolean =>
  before?.word === 'INTO' || before?.word === 'AS';

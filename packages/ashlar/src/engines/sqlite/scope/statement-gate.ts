import { AshlarError } from '../../../errors.js';
import { type CodeToken, readCode } from '../../../sql/code.js';
import { identityTable } from '../../../sql/identity-table.js';
import { changesRows } from '../../../sql/kind.js';
import { testMarkTable } from '../../../sql/test-mark.js';
import { assertNoNul, notOfRows } from '../../row-statements.js';
import { foundation } from '../schema/foundation.js';
import { nameIn } from './name-in.js';

// SQLite has no roles: what an application's role may not do on a server is refused here by the statement's verb
const allowed = new Set(['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'REPLACE', 'WITH', 'VALUES']);

/**
 * Throws if a statement does anything other than read or write rows, because sessions may do nothing else. Refused are
 * changes of the schema, pragmas and other files, which could switch guarantees off, and transactions, which belong to
 * the session. The text is read, not compiled: SQLite runs most pragmas while it compiles them, also after EXPLAIN.
 *
 * @throws AshlarError `privilege-missing`; `statement-failed` for a text with the character U+0000
 */
export function assertStatementAllowed(sql: string): void {
  assertNoNul(sql);
  const { verb } = headOf(sql);
  if (!allowed.has(verb)) throw notOfRows(verb);
  assertOwnTablesUntouched(sql);
}

/** The beginning of a statement. */
interface Head {
  /** The first word behind EXPLAIN or EXPLAIN QUERY PLAN, in upper case; `''` if there is none. */
  readonly verb: string;
  /** The offset at which the statement begins, behind empty statements. */
  readonly start: number;
  /** The offset at which that begins which EXPLAIN explains; `start` without EXPLAIN. */
  readonly explained: number;
}

/** Reads the beginning of a statement, and no more of it. */
export function headOf(sql: string): Head {
  const tokens: CodeToken[] = [];
  for (const token of readCode(sql, 'sqlite')) {
    if (tokens.length === 0 && (token.text === ';' || token.text === '(')) continue;
    tokens.push(token);
    if (tokens.length === 4 || tokens[0]?.word !== 'EXPLAIN') break;
  }
  const [first, second, third] = tokens;
  const start = first?.start ?? sql.length;
  if (first?.word !== 'EXPLAIN') return { verb: first?.word ?? '', start, explained: start };
  const explained = second?.word === 'QUERY' && third?.word === 'PLAN' ? tokens[3] : second;
  return { verb: explained?.word ?? '', start, explained: explained?.start ?? sql.length };
}

// the history of migrations, the mark of a test database, the database's identity, and the counters of AUTOINCREMENT: a counter at
// its end stops every later insert
const readOnly: ReadonlySet<string> = new Set([
  'ashlar_migrations',
  testMarkTable,
  identityTable,
  'sqlite_sequence',
]);

// a session that could reach these tables could act as another actor
const hidden: ReadonlySet<string> = new Set(
  foundation.map(({ name }) => name).filter((name) => !readOnly.has(name)),
);

// where SQLite would take a string for the name of a table
const beforeTable: ReadonlySet<string> = new Set([
  ...['INTO', 'UPDATE', 'FROM', 'JOIN', 'IN', '.', ',', '('],
  ...['ABORT', 'FAIL', 'IGNORE', 'REPLACE', 'ROLLBACK'],
]);

const assertOwnTablesUntouched = (sql: string): void => {
  const folded = sql.toLowerCase();
  if (!folded.includes('ashlar_') && !folded.includes('sqlite_sequence')) return;
  const writes = changesRows(sql, 'sqlite');
  let before = '';
  for (const token of readCode(sql, 'sqlite')) {
    const name = nameIn(token);
    const isText = token.kind === 'string' && !beforeTable.has(before);
    before = token.word || token.text;
    if (isText || !(hidden.has(name) || (writes && readOnly.has(name)))) continue;
    throw new AshlarError('privilege-missing', {
      message: hidden.has(name) ? `A session may not use ${name}.` : `A session may not write to ${name}.`,
      detail: hidden.has(name)
        ? 'Guarantees rely on this table of Ashlar, for example to read the session’s actor and scope.'
        : 'Only migrations and the database itself write to this table.',
      suggestion: 'Use the tables of the system.',
    });
  }
};

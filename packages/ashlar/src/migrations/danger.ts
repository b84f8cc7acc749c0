import type { SqlName } from '../contract/sql.js';
import type { SqlStatement } from '../sql/statements.js';
import { Reader } from './reader.js';
import type { StepBody } from './steps.js';

/** A statement that needs review before it runs, and why. */
export interface Danger {
  /** The line of the statement in the step's file, counted from 1. */
  readonly line: number;
  readonly code: string;
  readonly why: string;
}

/** The table of a dangerous statement, `''` where it names none; `undefined` when there is no danger. */
type Find = (statement: Reader) => string | undefined;

interface Rule {
  readonly why: string;
  readonly find: Find;
  /** Whether the danger is to the rows of a table: there is none where the same run creates the table. */
  readonly toRows: boolean;
}

const rule = (why: string, find: Find, toRows = true): Rule => ({ why, find, toRows });

/** Finds an ALTER TABLE of which one action is dangerous. */
const altering =
  (isDangerous: (action: Reader) => boolean): Find =>
  (statement) => {
    if (!statement.take('ALTER', 'TABLE')) return undefined;
    const table = statement.table();
    return statement.parts().some(isDangerous) ? table : undefined;
  };

/** Finds an ALTER TABLE that adds such a table constraint. */
const adding = (kinds: readonly (readonly string[])[], unless: readonly string[]): Find =>
  altering((action) => {
    if (!action.take('ADD')) return false;
    if (action.take('CONSTRAINT')) action.table();
    return kinds.some((kind) => action.take(...kind)) && !action.skipTo(...unless);
  });

const changing = (...actions: readonly (readonly string[])[]): Find =>
  altering((action) => {
    if (!action.take('ALTER')) return false;
    action.take('COLUMN');
    action.table();
    return actions.some((words) => action.next(...words));
  });

const volatile = ['RANDOM', 'UUID', 'CLOCK_TIMESTAMP', 'NEXTVAL'];

const everywhere: readonly Rule[] = [
  rule('drops a table with all its rows', (s) => (s.take('DROP', 'TABLE') ? s.table() : undefined)),
  rule(
    'drops a column with its values',
    altering((action) => action.take('DROP') && (action.next('COLUMN') || !action.next('CONSTRAINT'))),
  ),
  rule('deletes every row', (s) => {
    if (!s.take('DELETE', 'FROM')) return undefined;
    const table = s.table();
    return s.skipTo('WHERE') ? undefined : table;
  }),
  rule('changes every row: the table grows, and its rows stay locked until the transaction ends', (s) => {
    if (!s.take('UPDATE')) return undefined;
    const table = s.table();
    return s.skipTo('WHERE') ? undefined : table;
  }),
];

const rules: Readonly<Record<SqlName, readonly Rule[]>> = {
  sqlite: [
    ...everywhere,
    rule('deletes the rows that stand in the way of a new one', (s) => conflicting(s, 'REPLACE')),
    rule('leaves out the rows that break a rule of the table, without an error', (s) =>
      conflicting(s, 'IGNORE'),
    ),
    rule('rewrites the whole file; writers wait', (s) => (s.next('VACUUM') ? '' : undefined), false),
  ],
  postgres: [
    ...everywhere,
    rule('deletes every row and blocks readers', (s) => {
      if (!s.take('TRUNCATE')) return undefined;
      s.take('TABLE');
      return s.table();
    }),
    rule(
      'reads the whole table under a lock that blocks readers, unless a validated CHECK (… IS NOT NULL) exists',
      changing(['SET', 'NOT', 'NULL']),
    ),
    rule(
      'may rewrite the table under a lock that blocks readers',
      changing(['TYPE'], ['SET', 'DATA', 'TYPE']),
    ),
    rule(
      'rewrites the table, because the default differs for each row',
      altering(
        (action) =>
          action.take('ADD') &&
          action.skipTo('DEFAULT') &&
          action.some((word) => volatile.some((name) => word.includes(name))),
      ),
    ),
    rule(
      'checks every row under a lock that blocks writers; ADD … NOT VALID, then VALIDATE CONSTRAINT in a later step, does not',
      adding([['CHECK'], ['FOREIGN', 'KEY']], ['NOT', 'VALID']),
    ),
    rule(
      'builds an index under a lock that blocks readers; CREATE UNIQUE INDEX CONCURRENTLY, then ADD … USING INDEX, does not',
      adding([['UNIQUE'], ['PRIMARY', 'KEY']], ['USING', 'INDEX']),
    ),
    rule(
      'blocks writers while the index is built; CREATE INDEX CONCURRENTLY in a step with "-- ashlar: no-transaction" does not',
      (s) => (indexing(s) && !s.next('CONCURRENTLY') && s.skipTo('ON') ? s.table() : undefined),
    ),
    rule(
      'also succeeds if an interrupted run has left an invalid index; DROP INDEX CONCURRENTLY IF EXISTS first',
      (s) => (indexing(s) && s.next('CONCURRENTLY', 'IF', 'NOT', 'EXISTS') ? '' : undefined),
      false,
    ),
    rule(
      'briefly blocks readers and writers of the table of the index',
      (s) => (s.take('DROP', 'INDEX') && !s.next('CONCURRENTLY') ? '' : undefined),
      false,
    ),
    rule(
      'rewrites the table or index under a lock that blocks readers',
      (s) => {
        const isRewrite =
          s.next('CLUSTER') ||
          (s.take('VACUUM') && s.some((word) => word === 'FULL')) ||
          (s.take('REINDEX') && !s.some((word) => word === 'CONCURRENTLY'));
        return isRewrite ? '' : undefined;
      },
      false,
    ),
    rule('takes an explicit lock until the step ends', (s) => {
      if (!s.take('LOCK')) return undefined;
      s.take('TABLE');
      return s.table();
    }),
  ],
};

/** The table of an INSERT OR …, an UPDATE OR … or a REPLACE INTO. */
const conflicting = (statement: Reader, resolution: string): string | undefined => {
  const isReplace = resolution === 'REPLACE' && statement.take('REPLACE');
  if (!isReplace && !(statement.take('INSERT') || statement.take('UPDATE'))) return undefined;
  if (!isReplace && !statement.take('OR', resolution)) return undefined;
  statement.take('INTO');
  return statement.table();
};

const indexing = (statement: Reader): boolean => {
  if (!statement.take('CREATE')) return false;
  statement.take('UNIQUE');
  return statement.take('INDEX');
};

const createdTable = ({ tokens }: SqlStatement): string | undefined => {
  const statement = new Reader(tokens);
  if (!statement.take('CREATE')) return undefined;
  statement.take('UNLOGGED');
  return statement.take('TABLE') ? statement.table() : undefined;
};

const renamedTo = ({ tokens }: SqlStatement): readonly string[] => {
  const statement = new Reader(tokens);
  if (!statement.take('ALTER', 'TABLE')) return [];
  statement.table();
  return statement.take('RENAME', 'TO') ? [statement.table()] : [];
};

/**
 * Finds statements that could lose data, or block or rewrite a table that is in use.
 *
 * @param newTables - tables that earlier steps of the same run create, and which have no rows yet; those that this body
 *   creates are added
 */
export function findDangers(body: StepBody, dialect: SqlName, newTables: Set<string>): readonly Danger[] {
  if (body.kind === 'code') return [];
  const replaced = new Set(body.mode === 'rebuild' ? body.statements.flatMap(renamedTo) : []);
  return body.statements.flatMap((statement) => {
    const created = createdTable(statement);
    if (created !== undefined) newTables.add(created);
    return rules[dialect].flatMap((each) => judge(statement, each, newTables, replaced));
  });
}

const judge = (
  { tokens, code, line }: SqlStatement,
  { find, why, toRows }: Rule,
  newTables: ReadonlySet<string>,
  replaced: ReadonlySet<string>,
): readonly Danger[] => {
  const table = find(new Reader(tokens));
  if (table === undefined || (toRows && newTables.has(table))) return [];
  const isCopied = replaced.has(table) && new Reader(tokens).next('DROP');
  return [{ line, code, why: isCopied ? `copies ${table} row by row into its new form; writers wait` : why }];
};

import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../../contract/engine.js';
import type { Owner } from '../../contract/owner.js';
import { isRetryable, pauseBeforeRetry } from '../../engines/retryable.js';
import { AshlarError } from '../../errors.js';
import { identifier } from '../../model/index.js';
import { type LockBudget, withinLockBudget } from '../lock-budget.js';
import { rootOf, stepFailed } from '../run-step.js';
import type { SqlBody, Step } from '../steps.js';
import { type BatchedStatement, changesRows, readBatched } from './statement.js';

/** How far a step in batches is. */
export interface BatchProgress {
  readonly step: string;
  readonly table: string;
  /** The rows that this run has changed so far. */
  readonly done: number;
  /** The rows that were left when this run began; rows that sessions changed meanwhile are not counted again. */
  readonly total: number;
}

/** The options of a step in batches. */
export interface BatchOptions extends LockBudget {
  /** Called after each batch. */
  readonly onBatch?: ((progress: BatchProgress) => void) | undefined;
}

/** A step in batches, and where it runs. */
export interface BatchRun {
  readonly engine: Engine;
  readonly owner: Owner;
  readonly step: Step;
  readonly body: SqlBody;
  readonly options: BatchOptions;
}

const firstSize = 1000;
const largestSize = 10_000;
/** The time that one batch should take, in milliseconds: a session that wants one of its rows waits that long at most. */
const wantedTime = 100;
/** The pause before a pass that takes up rows which sessions had locked, in milliseconds; twice as long each time. */
const passPause = 50;
const longestPause = 10_000;
/** How many passes in a row may find nothing but rows which sessions have locked. */
const emptyPasses = 10;

/**
 * Runs a step in batches. Each UPDATE or DELETE runs over some rows at a time, in the order of the primary key, each batch in
 * a transaction of its own; every other statement runs in one transaction.
 *
 * Nothing is stored about the progress: a row is done when the condition of the statement is false for it. So a run that was
 * interrupted at any point is completed by the next one.
 *
 * @throws AshlarError `migration-failed`, with the statement; `migration-invalid` for a statement that cannot be run in
 *   batches; `lock-timeout`
 */
export async function runBatches(run: BatchRun): Promise<void> {
  const { step, body } = run;
  for (const [index, statement] of body.statements.entries()) {
    const batched = readBatched(statement);
    if (!batched && changesRows(statement)) throw notBatched(step, body, statement.line);
    try {
      if (batched) await runBatched(run, batched);
      else await inOneTransaction(run, (owner) => owner.script(statement.sql));
    } catch (error) {
      throw stepFailed(
        step,
        `statement ${index + 1} (line ${statement.line} of ${body.file})`,
        error,
        body.mode,
      );
    }
  }
}

const notBatched = (step: Step, body: SqlBody, line: number): AshlarError =>
  new AshlarError('migration-invalid', {
    message: `Line ${line} of ${body.file} of step ${step.name} cannot be run in batches.`,
    detail: 'The condition of a batch is added to the WHERE at the end of the statement.',
    suggestion:
      'Write UPDATE table SET … WHERE … or DELETE FROM table WHERE …, without WITH, FROM, USING or RETURNING and without a schema or an alias. The WHERE must be false for a row that is done.',
  });

const attempts = 5;

/** Runs work in one transaction within the lock budget, and again after a deadlock. */
const inOneTransaction = <T>(
  { engine, owner, step, body, options }: BatchRun,
  work: (owner: Owner) => Promise<T>,
): Promise<T> =>
  withinLockBudget({ dialect: engine.dialect.name, step, body, options }, async (limit) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await owner.atomically(() => work(owner), limit);
      } catch (error) {
        if (!isRetryable(rootOf(error)) || attempt === attempts) throw error;
        await pauseBeforeRetry(attempt);
      }
    }
  });

type Literals = readonly string[];

const runBatched = async (run: BatchRun, statement: BatchedStatement): Promise<void> => {
  const { engine, owner, step, options } = run;
  const table = identifier(statement.table);
  const rows = await owner.run(engine.dialect.batches.key(statement.table));
  const key = rows.map(({ name }) => identifier(String(name)));
  if (key.length === 0) {
    throw new AshlarError('migration-invalid', {
      message: `${statement.table} has no primary key, so step ${step.name} cannot change it in batches.`,
      suggestion: 'Write the statement in a step without the directive batches.',
    });
  }
  const [count] = await owner.run(`SELECT count(*) AS total FROM ${table} WHERE ${statement.condition}`);
  const total = Number(count?.total ?? 0);
  let done = 0;
  let size = firstSize;
  const isLeft = async (): Promise<boolean> =>
    (await owner.run(`SELECT 1 AS left_over FROM ${table} WHERE ${statement.condition} LIMIT 1`)).length > 0;
  const batch = new Batch(run, statement, table, key);
  let empty = 0;
  while (total > 0) {
    const before = done;
    let after: Literals | undefined;
    do {
      const started = performance.now();
      const found = await batch.next(after, size);
      const time = performance.now() - started;
      after = found.at(-1);
      if (after === undefined) break;
      done += found.length;
      options.onBatch?.({ step: step.name, table: statement.table, done, total: Math.max(total, done) });
      if (time > 2 * wantedTime) size = Math.max(1, Math.floor(size / 2));
      else if (time < wantedTime / 2 && found.length === size) size = Math.min(largestSize, size * 2);
      // other writers get their turn
      await sleep(time);
    } while (after);
    if (!(await isLeft())) return;
    empty = done === before ? empty + 1 : 0;
    if (empty >= emptyPasses) throw keptLocked(step, statement.table);
    await sleep(Math.min(longestPause, passPause * 2 ** empty));
  }
};

const keptLocked = (step: Step, table: string): AshlarError =>
  new AshlarError('lock-timeout', {
    message: `Step ${step.name} cannot change the last rows of ${table}: other sessions keep them locked.`,
    suggestion:
      'The other rows are done. Let the transactions that hold the rows end (pg_stat_activity: the oldest xact_start), and run: ashlar up',
  });

/** Runs one statement over the next rows that it concerns. */
class Batch {
  readonly #run: BatchRun;
  readonly #statement: BatchedStatement;
  readonly #table: string;
  readonly #key: readonly string[];

  constructor(run: BatchRun, statement: BatchedStatement, table: string, key: readonly string[]) {
    this.#run = run;
    this.#statement = statement;
    this.#table = table;
    this.#key = key;
  }

  /** Changes at most `size` rows after the given key, and returns their keys; none where no more are left. */
  next(after: Literals | undefined, size: number): Promise<readonly Literals[]> {
    return inOneTransaction(this.#run, async (owner) => {
      const found = await this.#find(owner, after, size);
      if (found.length === 0) return found;
      const { batches } = this.#run.engine.dialect;
      const { head, condition } = this.#statement;
      const rows = batches.rows(this.#key, found);
      // on a line of its own: the head may end in a comment
      await owner.script(`${head}\nWHERE (${condition}) AND ${rows}`);
      const [left] = await owner.run(
        `SELECT count(*) AS rows FROM ${this.#table} WHERE (${condition}) AND ${rows}`,
      );
      if (Number(left?.rows ?? 0) >= found.length) throw this.#endless();
      return found;
    });
  }

  async #find(owner: Owner, after: Literals | undefined, size: number): Promise<readonly Literals[]> {
    const { dialect } = this.#run.engine;
    const key = this.#key.join(', ');
    const values = this.#key.map((column, at) => `${dialect.proving.quoted(column)} AS k${at}`);
    const beyond = after === undefined ? '' : ` AND (${key}) > (${after.join(', ')})`;
    const rows = await owner.run(
      [
        `SELECT ${values.join(', ')} FROM ${this.#table}`,
        `WHERE (${this.#statement.condition})${beyond}`,
        `ORDER BY ${key} LIMIT ${size}`,
        dialect.batches.lock,
      ].join(' '),
    );
    return rows.map((row) => this.#key.map((_, at) => String(row[`k${at}`])));
  }

  #endless(): AshlarError {
    const { step } = this.#run;
    return new AshlarError('migration-failed', {
      message: `Step ${step.name} changes rows of ${this.#statement.table} for which its WHERE is still true.`,
      detail: `The condition: ${this.#statement.condition}`,
      suggestion:
        'Write a WHERE that is false for a row that is done, and a value that makes it so; NULL often does not.',
    });
  }
}

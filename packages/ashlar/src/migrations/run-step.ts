import type { Engine } from '../contract/engine.js';
import type { Owner } from '../contract/owner.js';
import { isRetryable, pauseBeforeRetry } from '../engines/retryable.js';
import { AshlarError } from '../errors.js';
import { loadModule } from '../files/load-module.js';
import type { StepMode } from './directives.js';
import type { CodeBody, SqlBody, Step, StepBody } from './steps.js';

/**
 * The function that the file `up.ts` or `down.ts` of a step exports, under the name `up` or `down`, or as the default.
 *
 * It changes data, and never the schema: a step in SQL does that. It runs in one transaction with its line in the history,
 * so once for each database; on a failure, its changes are rolled back. It never runs in the temporary databases in which
 * schemas are compared (`migrate new`, `check`, `dump`, `status`, `prove`). A step that changed the schema all the same is
 * rolled back with `migration-invalid`.
 *
 * What it does outside the database is not rolled back, and happens again when the step is run again after a failure.
 *
 * @param owner - the owner's connection, in the transaction of the step; not to be used after the function returned
 *
 * @example
 * export const up: StepFunction = async (owner) => {
 *   for (const { id, name } of await owner.run('SELECT id, name FROM customers'))
 *     await owner.run('UPDATE customers SET slug = $1 WHERE id = $2', [slugOf(String(name)), id]);
 * };
 */
export type StepFunction = (owner: Owner) => Promise<void>;

/**
 * Runs one direction of a step (up or down); if the step runs in a transaction, the caller must have opened it.
 *
 * @param engine - describes the schema, which a function must not change
 * @throws AshlarError `migration-failed`, with the statement that failed; `migration-invalid` for a function that changes
 *   the schema; errors of the connection are rethrown unchanged
 */
export function runBody(engine: Engine, owner: Owner, step: Step, body: StepBody): Promise<void> {
  return body.kind === 'sql' ? runSql(owner, step, body) : runCode(engine, owner, step, body);
}

/** How often a step is run before a deadlock with another transaction fails it. */
const attempts = 5;

/** Where a step is run: the step, the engine, the owner's connection, and the options of its transaction. */
export interface StepRun {
  readonly engine: Engine;
  readonly owner: Owner;
  readonly step: Step;
  readonly body: StepBody;
  readonly options: { lockTimeout?: number };
  /** What keeps the objects that exist in the database only; without it, the step must not last. */
  readonly keeping?: ObjectKeeper;
}

/** Runs one direction of a step in the open transaction, and keeps the objects that exist in the database only. */
export interface ObjectKeeper {
  /** @param run - runs it with the given connection, whose statements are watched */
  around(step: Step, body: StepBody, owner: Owner, run: (owner: Owner) => Promise<void>): Promise<void>;
}

/**
 * Runs one direction of a step and then `record` in one transaction. A failure of the commit, such as that of a deferred
 * check, names the step. When the database ends the transaction because of a deadlock, a step of SQL is run again, five
 * times at most; code is not, because it may have effects outside the database.
 *
 * @param isPending whether the step still has to be run; called in the transaction
 * @returns what `record` returns; `undefined` if the step was not pending
 * @throws AshlarError `migration-failed`, and what `isPending` and `record` throw
 */
export async function inTransaction<T>(
  { engine, owner, step, body, options, keeping }: StepRun,
  isPending: () => Promise<boolean>,
  record: () => Promise<T>,
): Promise<T | undefined> {
  for (let attempt = 1; ; attempt++) {
    let ending = false;
    try {
      return await owner.atomically(
        async () => {
          if (!(await isPending())) return undefined;
          const run = (each: Owner): Promise<void> => runBody(engine, each, step, body);
          await (keeping ? keeping.around(step, body, owner, run) : run(owner));
          const result = await record();
          ending = true;
          return result;
        },
        { ...options, rebuild: body.mode === 'rebuild' },
      );
    } catch (error) {
      if (body.kind !== 'sql' || !isRetryable(rootOf(error)) || attempt === attempts) {
        throw ending ? stepFailed(step, 'its commit', error, body.mode) : error;
      }
      await pauseBeforeRetry(attempt);
    }
  }
}

/** Returns the error of the database behind a `migration-failed`. */
export function rootOf(error: unknown): unknown {
  return error instanceof AshlarError && error.code === 'migration-failed' ? error.cause : error;
}

const runSql = async (owner: Owner, step: Step, body: SqlBody): Promise<void> => {
  for (const [index, { sql, line }] of body.statements.entries()) {
    try {
      await owner.script(sql);
    } catch (error) {
      throw stepFailed(step, `statement ${index + 1} (line ${line} of ${body.file})`, error, body.mode);
    }
  }
};

const runCode = async (engine: Engine, owner: Owner, step: Step, body: CodeBody): Promise<void> => {
  const direction = body.file.startsWith('up') ? 'up' : 'down';
  const work = await loadFunction(body, direction);
  if (!work) {
    throw new AshlarError('migration-invalid', {
      message: `${body.file} of step ${step.name} exports no function.`,
      suggestion: `Write: export const ${direction} = async (owner) => { await owner.run('…'); };`,
    });
  }
  const before = JSON.stringify(await engine.introspect(owner));
  try {
    await work(owner);
  } catch (error) {
    throw stepFailed(step, body.file, error, body.mode);
  }
  if (JSON.stringify(await engine.introspect(owner)) === before) return;
  throw new AshlarError('migration-invalid', {
    message: `${body.file} of step ${step.name} changed the schema, so the step was rolled back.`,
    detail:
      'Schemas are compared without running code; what code changes in the schema would look like drift.',
    suggestion: `Change the schema in a step of its own, in SQL, before or after ${step.name}.`,
  });
};

const loadFunction = async (body: CodeBody, direction: string): Promise<StepFunction | undefined> => {
  const module = await loadModule(body.path);
  const found = module[direction] ?? module.default;
  return typeof found === 'function' ? (found as StepFunction) : undefined;
};

const passing: ReadonlySet<string> = new Set(['lock-timeout', 'outcome-unknown', 'disk-full']);

const rolledBack =
  'The step was rolled back; the steps before it remain applied. Correct the step and run: ashlar up';

const afterFailure: Readonly<Record<StepMode, string>> = {
  transaction: rolledBack,
  rebuild: rolledBack,
  'no-transaction':
    'The step runs without a transaction: the statements before this one remain applied. Undo them or make them repeatable, then run: ashlar up',
  batches:
    'The batches before this one remain applied. Correct the rows or the step and run: ashlar up. It goes on with the rows that are left',
};

/** Returns the error of a step that failed; errors that are not the fault of the step are returned as they are. */
export function stepFailed(step: Step, where: string, error: unknown, mode: StepMode): AshlarError {
  // a broken connection or a lock that was not granted is not an error of the step
  if (error instanceof AshlarError && (error.exitCode === 3 || passing.has(error.code))) return error;
  const reason =
    error instanceof AshlarError ? [error.message, error.detail, error.suggestion] : [String(error)];
  return new AshlarError('migration-failed', {
    message: `Step ${step.name} failed at ${where}.`,
    detail: reason.filter(Boolean).join('\n'),
    suggestion: afterFailure[mode],
    cause: error,
  });
}

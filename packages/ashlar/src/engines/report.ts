import type { SqlName } from '../contract/sql.js';
import type { OnStatement } from '../contract/statement-event.js';
import type { QueryResult } from '../contract/transaction.js';
import { AshlarError } from '../errors.js';
import { type Target, targetOf } from '../sql/target.js';

/** How a statement ended. */
export interface Outcome {
  readonly returned?: number;
  readonly changed?: number;
  readonly error?: unknown;
}

/** Reports a statement, which ran for some milliseconds. It never throws. */
export type Report = (sql: string, milliseconds: number, outcome: Outcome) => void;

const mostKnown = 500;

/** Returns what reports the statements of an engine to its `onStatement`; `undefined` if there is none. */
export function reporter(onStatement: OnStatement | undefined, dialect: SqlName): Report | undefined {
  if (!onStatement) return undefined;
  let hasWarned = false;
  const targets = new Map<string, Target>();
  const target = (sql: string): Target => {
    const found = targets.get(sql) ?? targetOf(sql, dialect);
    if (targets.size >= mostKnown) targets.clear();
    targets.set(sql, found);
    return found;
  };
  return (sql, milliseconds, { returned = 0, changed = 0, error }) => {
    try {
      onStatement({ sql, ...target(sql), milliseconds, returned, changed, error: codeOf(error) });
    } catch (thrown) {
      // the statement has run: its caller must not take it for failed
      if (!hasWarned) process.emitWarning(thrown instanceof Error ? thrown : String(thrown), 'AshlarWarning');
      hasWarned = true;
    }
  };
}

/** Runs a statement in this thread and reports it. */
export function reportedNow(report: Report | undefined, sql: string, work: () => QueryResult): QueryResult {
  if (!report) return work();
  const start = performance.now();
  try {
    const result = work();
    report(sql, performance.now() - start, { returned: result.rows.length, changed: result.changes });
    return result;
  } catch (error) {
    report(sql, performance.now() - start, { error });
    throw error;
  }
}

/** The work of a statement whose rows are read in parts: one report, without the time that its reader takes. */
export class Usage {
  /** The number of rows that were returned so far. */
  rows = 0;
  readonly #report: Report | undefined;
  readonly #sql: string;
  #milliseconds = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(report: Report | undefined, sql: string) {
    this.#report = report;
    this.#sql = sql;
  }

  /** Runs a part of the work. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } catch (error) {
      this.#failure = { error };
      throw error;
    } finally {
      this.#milliseconds += performance.now() - start;
    }
  }

  /** The same for a part that runs in this thread. */
  duringNow<T>(work: () => T): T {
    const start = performance.now();
    try {
      return work();
    } catch (error) {
      this.#failure = { error };
      throw error;
    } finally {
      this.#milliseconds += performance.now() - start;
    }
  }

  /** Reports the statement. */
  end(): void {
    this.#report?.(this.#sql, this.#milliseconds, { returned: this.rows, ...this.#failure });
  }
}

const codeOf = (error: unknown): string | undefined => {
  if (error === undefined) return undefined;
  return error instanceof AshlarError ? error.code : 'statement-failed';
};

import type { GuardedTable } from '../../../contract/guarantee.js';
import type { AshlarError } from '../../../errors.js';
import { DeclaredFacts } from '../../declared-facts.js';
import { writtenTable } from '../scope/within-scope.js';
import type { DriverDatabase } from './driver.js';
import { type Failed, isViolation, sqliteError } from './errors.js';
import { explained } from './explain.js';
import { RefusalTexts } from './refusal-texts.js';

/** A statement that failed, on the connection where it can be run again. */
export interface FailedStatement {
  readonly sql: string;
  readonly database: DriverDatabase;
  readonly again: () => unknown;
}

/** Translates the driver's errors into AshlarErrors, whose facts have the names that the registered tables declare. */
export class Failures {
  readonly #declared = new DeclaredFacts();
  readonly #refusals = new RefusalTexts();

  register(tables: readonly GuardedTable[]): void {
    this.#declared.register(tables);
    this.#refusals.register(tables);
  }

  /**
   * Translates an error of the driver.
   *
   * @param statement - the statement, to find what SQLite does not report; its transaction must be open
   */
  translated(error: unknown, statement?: FailedStatement): AshlarError {
    if (!isViolation(error)) return sqliteError(error);
    const failed: Failed = {
      declared: this.#declared,
      refusals: this.#refusals,
      target: statement && writtenTable(statement.sql),
    };
    if (!statement) return sqliteError(error, failed);
    const named = explained(statement.database, error, failed, statement.again);
    return sqliteError(named, failed, error);
  }
}

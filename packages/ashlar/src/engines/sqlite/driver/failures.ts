import type { GuardedTable } from '../../../contract/guarantee.js';
import { AshlarError } from '../../../errors.js';
import { DeclaredFacts } from '../../declared-facts.js';
import { foreignKeyViolation } from '../../violations.js';
import { writtenTable } from '../scope/within-scope.js';
import { violatedDeferredKey } from './deferred-keys.js';
import type { DriverDatabase } from './driver.js';
import { commitError, type Failed, isViolation, sqliteCode, sqliteError } from './errors.js';
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
    const failed = this.#known(statement?.sql);
    if (!statement) return sqliteError(error, failed);
    const named = explained(statement.database, error, failed, statement.again);
    return sqliteError(named, failed, error);
  }

  /** Translates the error of a statement that SQLite does not compile. */
  ofText(error: unknown, sql: string): AshlarError {
    return sqliteError(error, this.#known(sql));
  }

  #known(sql: string | undefined): Failed {
    return {
      declared: this.#declared,
      refusals: this.#refusals,
      target: sql === undefined ? undefined : writtenTable(sql),
    };
  }

  /** Translates the error of a COMMIT, whose transaction is still open where a foreign key is violated. */
  atCommit(error: unknown, database: DriverDatabase): AshlarError {
    const isForeignKey = sqliteCode(error) === 'SQLITE_CONSTRAINT_FOREIGNKEY' && database.inTransaction;
    const key = isForeignKey ? violatedDeferredKey(database) : undefined;
    if (!key) return commitError(error);
    const violation = foreignKeyViolation(this.#declared.foreignKey(key), 'missing', key.target);
    return new AshlarError('foreign-key-violation', { ...violation, cause: error });
  }
}

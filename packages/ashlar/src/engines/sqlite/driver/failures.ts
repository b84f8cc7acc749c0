import type { GuardedTable } from '../../../contract/guarantee.js';
import { AshlarError } from '../../../errors.js';
import { literal } from '../../../model/index.js';
import { DeclaredFacts } from '../../declared-facts.js';
import { foreignKeyViolation } from '../../violations.js';
import { writtenTable } from '../scope/within-scope.js';
import { violatedDeferredKey } from './deferred-keys.js';
import type { DriverDatabase } from './driver.js';
import { commitError, type Failed, isViolation, sqliteCode, sqliteError } from './errors.js';
import { explained } from './explain.js';
import { RefusalTexts } from './refusal-texts.js';

/** A statement that failed while it ran, on the connection where it can be run again. */
export interface FailedStatement {
  readonly sql: string;
  readonly again: () => unknown;
}

/** Where an error comes from. */
export interface FailedOn {
  readonly database: DriverDatabase;
  /** Whether statements failed while they ran; otherwise a text was compiled. */
  readonly ran: boolean;
  /** The statement, to find what SQLite does not report; its transaction must be open. */
  readonly statement?: FailedStatement;
}

const triggerWithText =
  "SELECT 1 AS found FROM main.sqlite_schema WHERE type = 'trigger' AND instr(sql, ?) > 0 LIMIT 1";

/** Translates the driver's errors into AshlarErrors, whose facts have the names that the registered tables declare. */
export class Failures {
  readonly #declared = new DeclaredFacts();
  readonly #refusals = new RefusalTexts();

  register(tables: readonly GuardedTable[]): void {
    this.#declared.register(tables);
    this.#refusals.register(tables);
  }

  /** Translates an error of the driver. */
  translated(error: unknown, { database, ran, statement }: FailedOn): AshlarError {
    const failed = this.#known(database, ran, statement?.sql);
    if (!statement || !isViolation(error)) return sqliteError(error, failed);
    const named = explained(database, error, failed, statement.again);
    return sqliteError(named, failed, error);
  }

  /** Translates the error of a statement that SQLite does not compile. */
  ofText(error: unknown, sql: string, database: DriverDatabase): AshlarError {
    return sqliteError(error, this.#known(database, false, sql));
  }

  #known(database: DriverDatabase, ran: boolean, sql: string | undefined): Failed {
    return {
      declared: this.#declared,
      refusals: this.#refusals,
      target: sql === undefined ? undefined : writtenTable(sql),
      ran,
      isText: (text) => database.prepare(triggerWithText).get(literal(text)) !== undefined,
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

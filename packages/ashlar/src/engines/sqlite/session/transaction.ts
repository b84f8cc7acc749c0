import type { ResultKinds } from '../../../contract/answers.js';
import type { Column } from '../../../contract/column.js';
import type { TableFacts } from '../../../contract/table.js';
import type { QueryResult, Transaction, TransactionOptions } from '../../../contract/transaction.js';
import { AshlarError } from '../../../errors.js';
import { identifier, identifiers } from '../../../model/index.js';
import { returnedColumns } from '../../../sql/returned-columns.js';
import type { Connection } from '../driver/connection.js';

/**
 * A callback that is called at the end of a transaction. `usable`: the connection can be used again. `discard`: it must
 * be closed.
 */
export type Release = (outcome: 'usable' | 'discard') => void;

const ended = (): AshlarError =>
  new AshlarError('session-ended', {
    message: 'The transaction has ended.',
    suggestion: 'Await every call inside the session’s callback.',
  });

const lost = (): AshlarError =>
  new AshlarError('session-aborted', {
    message: 'SQLite has rolled back the whole transaction.',
    detail: 'SQLite does this when the disk is full or the file cannot be read or written.',
    suggestion: 'Remove the cause, and run the session again.',
  });

/**
 * The work that guarantees do in a transaction, at its beginning and right before its COMMIT. A failure rolls it back.
 */
export interface TransactionHooks {
  readonly begin: (connection: Connection, context: Pick<TransactionOptions, 'actor' | 'scope'>) => void;
  readonly beforeCommit: (connection: Connection) => void;
}

const none: TransactionHooks = { begin: () => undefined, beforeCommit: () => undefined };

const insertSql = (table: TableFacts, columns: readonly Column[]): string => {
  const into = `INSERT INTO ${identifier(table.name)}`;
  if (columns.length === 0) return `${into} DEFAULT VALUES`;
  const names = identifiers(columns.map((column) => column.name));
  return `${into} (${names}) VALUES (${columns.map(() => '?').join(', ')})`;
};

/** One open transaction on one connection. */
export class SqliteTransaction implements Transaction {
  readonly #connection: Connection;
  readonly #release: Release;
  readonly #hooks: TransactionHooks;
  #state: 'open' | 'lost' | 'ended' = 'open';

  constructor(connection: Connection, release: Release, hooks: TransactionHooks = none) {
    this.#connection = connection;
    this.#release = release;
    this.#hooks = hooks;
  }

  execute(sql: string, parameters: readonly unknown[], kinds?: ResultKinds): QueryResult {
    if (this.#state !== 'open') throw this.#closedError();
    try {
      return this.#connection.run(sql, parameters, kinds);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  async *stream(
    sql: string,
    parameters: readonly unknown[],
    _chunk: number,
    kinds?: ResultKinds,
  ): AsyncGenerator<Record<string, unknown>> {
    if (this.#state !== 'open') throw this.#closedError();
    try {
      yield* this.#connection.stream(sql, parameters, kinds);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  insertMany(table: TableFacts, columns: readonly Column[], rows: readonly (readonly unknown[])[]): number {
    return this.#insert(insertSql(table, columns), rows).changes;
  }

  insertManyReturning(
    table: TableFacts,
    columns: readonly Column[],
    rows: readonly (readonly unknown[])[],
  ): Record<string, unknown>[] {
    return this.#insert(`${insertSql(table, columns)} RETURNING ${returnedColumns(table)}`, rows).rows;
  }

  #insert(sql: string, rows: readonly (readonly unknown[])[]): QueryResult {
    if (this.#state !== 'open') throw this.#closedError();
    try {
      return this.#connection.runMany(sql, rows);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  lock(): void {
    // only one transaction at a time can write
    if (this.#state !== 'open') throw this.#closedError();
  }

  savepoint(name: string): void {
    this.#command(`SAVEPOINT ${identifier(name)}`);
  }

  rollbackTo(name: string): void {
    this.#connection.closeStreams();
    this.#command(`ROLLBACK TO ${identifier(name)}`);
  }

  release(name: string): void {
    this.#command(`RELEASE ${identifier(name)}`);
  }

  actAs(context: Pick<TransactionOptions, 'actor' | 'scope'>): void {
    if (this.#state !== 'open') throw this.#closedError();
    try {
      this.#hooks.begin(this.#connection, context);
      this.#connection.enter(context);
    } catch (error) {
      throw this.#failed(this.#connection.failure(error));
    }
  }

  commit(): void {
    if (this.#state !== 'open') {
      const error = this.#closedError();
      if (this.#state === 'lost') this.#end('usable');
      throw error;
    }
    this.#connection.closeStreams();
    try {
      this.#hooks.beforeCommit(this.#connection);
    } catch (error) {
      this.#undo(false);
      throw this.#connection.failure(error);
    }
    try {
      this.#connection.command('COMMIT');
    } catch (error) {
      const failure = this.#connection.commitFailure(error);
      this.#undo(failure.code === 'outcome-unknown');
      throw failure;
    }
    this.#end('usable');
  }

  rollback(): void {
    if (this.#state === 'ended') throw ended();
    this.#connection.closeStreams();
    this.#undo(false);
  }

  #undo(discard: boolean): void {
    try {
      if (this.#connection.inTransaction) this.#connection.command('ROLLBACK');
    } catch (error) {
      this.#end('discard');
      throw this.#connection.failure(error);
    }
    this.#end(discard ? 'discard' : 'usable');
  }

  #end(outcome: 'usable' | 'discard'): void {
    this.#state = 'ended';
    this.#release(outcome);
  }

  #command(sql: string): void {
    if (this.#state !== 'open') throw this.#closedError();
    try {
      this.#connection.command(sql);
    } catch (error) {
      throw this.#failed(this.#connection.failure(error));
    }
  }

  // otherwise a statement after an automatic rollback would run and commit on its own
  #failed(error: unknown): unknown {
    if (this.#state === 'open' && !this.#connection.inTransaction) this.#state = 'lost';
    return error;
  }

  #closedError(): AshlarError {
    return this.#state === 'lost' ? lost() : ended();
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Awaitable } from '../../../contract/sql.js';
import type { QueryResult, Transaction, TransactionOptions } from '../../../contract/transaction.js';
import { Lock, type Unlock } from '../../lock.js';
import { type ConnectionSettings, connect } from '../driver/connect.js';
import type { Connection, SessionBounds } from '../driver/connection.js';
import { sqliteError } from '../driver/errors.js';
import { Readers } from '../driver/readers.js';
import { databaseClosed, fileLocked, readersTaken, retryWhileBusy, writerTaken } from '../driver/waiting.js';
import type { GuaranteeHooks } from './guarantee-hooks.js';
import { type Release, SqliteTransaction } from './transaction.js';

/** Options of {@link Connections}. */
export interface ConnectionsOptions {
  readonly settings: ConnectionSettings;
  readonly writer: Connection;
  readonly hooks: GuaranteeHooks;
  /** The maximum number of read connections. */
  readonly readers: number;
  /** How long to wait for a free connection, in milliseconds. */
  readonly lockTimeout: number;
}

/**
 * The connections to one database: one for writing, guarded by a lock, and several for reading. Opens transactions on
 * them.
 */
export class Connections {
  readonly lock = new Lock();
  readonly #settings: ConnectionSettings;
  readonly #hooks: GuaranteeHooks;
  readonly #lockTimeout: number;
  readonly #readers: Readers | undefined;
  #writer: Connection;

  constructor({ settings, writer, hooks, readers, lockTimeout }: ConnectionsOptions) {
    this.#settings = settings;
    this.#writer = writer;
    this.#hooks = hooks;
    this.#lockTimeout = lockTimeout;
    // a database in memory belongs to one connection: reads take turns with writes
    this.#readers =
      settings.path === ':memory:' ? undefined : new Readers(() => connectReader(settings), readers);
  }

  /** The connection that writes. Take {@link lock} before using it. */
  get writer(): Connection {
    return this.#writer;
  }

  /** Opens a transaction, immediately if a connection is free, otherwise as soon as a connection becomes free. */
  begin(options: TransactionOptions): Awaitable<Transaction> {
    if (options.mode === 'read' && this.#readers) {
      this.#settings.place.assertFile();
      const reader = this.#readers.tryAcquire();
      return reader && tryBegin(reader, 'read', options)
        ? this.#readTransaction(this.#readers, reader)
        : this.#beginReadLater(this.#readers, reader, options);
    }
    const unlock = this.lock.tryAcquire();
    return unlock && this.#tryBeginWriter(unlock, options)
      ? this.#writeTransaction(unlock, options.mode)
      : this.#beginWriteLater(unlock, options);
  }

  /**
   * Opens a transaction synchronously; throws if that is impossible.
   *
   * @throws AshlarError `lock-timeout` when this process uses all connections, or another process holds the file
   */
  beginNow(options: TransactionOptions): Transaction {
    if (options.mode === 'read' && this.#readers) {
      this.#settings.place.assertFile();
      const reader = this.#readers.tryAcquire();
      if (!reader) throw readersTaken();
      return tryBegin(reader, 'read', options)
        ? this.#readTransaction(this.#readers, reader)
        : failLocked(() => this.#readers?.release(reader, 'usable'));
    }
    const unlock = this.lock.tryAcquire();
    if (!unlock) throw writerTaken();
    const deadline = performance.now() + this.#timeout(options);
    // nothing can be awaited here, so SQLite's own short waits are repeated
    while (!this.#tryBeginWriter(unlock, options))
      if (performance.now() > deadline) return failLocked(unlock);
    return this.#writeTransaction(unlock, options.mode);
  }

  /** Runs one reading statement outside any session. */
  read(sql: string, parameters: readonly unknown[]): Awaitable<QueryResult> {
    const read = this.#reading((reader) => reader.run(sql, parameters));
    return read ? read.result : this.#readLater(sql, parameters);
  }

  /** Runs one reading statement outside any session. @returns its first row */
  first(sql: string, parameters: readonly unknown[]): Awaitable<Record<string, unknown> | undefined> {
    const read = this.#reading((reader) => reader.first(sql, parameters));
    return read ? read.result : this.#readLater(sql, parameters).then(({ rows }) => rows[0]);
  }

  /** Runs `work` on a reader that is free, outside any session; returns `undefined` if there is none. */
  #reading<T>(work: (reader: Connection) => T): { readonly result: T } | undefined {
    this.#settings.place.assertFile();
    const reader = this.#readers?.tryAcquire();
    if (!this.#readers || !reader) return undefined;
    try {
      enterNoScope(reader);
      return { result: work(reader) };
    } finally {
      this.#readers.release(reader, 'usable');
    }
  }

  /**
   * Drops all prepared statements; called when a change of the schema or of the registered tables has made them
   * invalid.
   */
  forgetStatements(): void {
    this.#writer.forgetStatements();
    for (const reader of this.#readers?.all ?? []) reader.forgetStatements();
  }

  /**
   * Refuses new transactions, and waits until all open transactions have ended and `others()` returns `false`, but not
   * longer than the lock timeout.
   */
  async drain(others: () => boolean): Promise<void> {
    this.lock.close(databaseClosed);
    this.#readers?.close(databaseClosed);
    const deadline = performance.now() + this.#lockTimeout;
    const isBusy = () => this.lock.held || (this.#readers?.busy ?? 0) > 0 || others();
    while (isBusy() && performance.now() < deadline) await sleep(5);
  }

  /** Closes every connection. */
  close(): void {
    for (const reader of this.#readers?.all ?? []) reader.close();
    this.#writer.close();
    this.#settings.place.leave();
  }

  #timeout({ lockTimeout }: TransactionOptions): number {
    return lockTimeout ?? this.#lockTimeout;
  }

  #readTransaction(readers: Readers, reader: Connection): Transaction {
    return new SqliteTransaction(reader, (outcome) => readers.release(reader, outcome));
  }

  async #beginReadLater(
    readers: Readers,
    given: Connection | undefined,
    options: TransactionOptions,
  ): Promise<Transaction> {
    const timeout = this.#timeout(options);
    const reader = given ?? (await readers.acquire(timeout, readersTaken));
    try {
      this.#settings.place.assertFile();
      await retryWhileBusy(() => tryBegin(reader, 'read', options), timeout, fileLocked);
    } catch (error) {
      readers.release(reader, 'discard');
      throw error;
    }
    return this.#readTransaction(readers, reader);
  }

  #tryBeginWriter(unlock: Unlock, options: TransactionOptions): boolean {
    try {
      return this.#beginOnWriter(options);
    } catch (error) {
      unlock();
      throw error;
    }
  }

  #beginOnWriter(options: TransactionOptions): boolean {
    if (options.mode === 'read') return tryBegin(this.#writer, 'memory', options);
    this.#settings.place.assertFile();
    if (!tryBegin(this.#writer, 'write', options)) return false;
    try {
      this.#hooks.begin(this.#writer, options);
      return true;
    } catch (error) {
      if (this.#writer.inTransaction) this.#writer.command('ROLLBACK');
      throw sqliteError(error);
    }
  }

  readonly #beforeCommit = (connection: Connection): void => {
    this.#hooks.beforeCommit(connection);
    // the file may have been replaced while the transaction was open
    this.#settings.place.assertFileAndLog();
  };

  #writeTransaction(unlock: Unlock, mode: 'read' | 'write'): Transaction {
    const release: Release = (outcome) => {
      try {
        if (outcome === 'discard') this.#replaceWriter();
        else if (mode === 'read') this.#writer.command('PRAGMA query_only = OFF');
      } finally {
        unlock();
      }
    };
    if (mode === 'read') return new SqliteTransaction(this.#writer, release);
    return new SqliteTransaction(this.#writer, release, {
      begin: (connection, context) => this.#hooks.begin(connection, context),
      beforeCommit: this.#beforeCommit,
    });
  }

  async #beginWriteLater(given: Unlock | undefined, options: TransactionOptions): Promise<Transaction> {
    const timeout = this.#timeout(options);
    const unlock = given ?? (await this.lock.acquire(timeout, writerTaken));
    try {
      await retryWhileBusy(() => this.#beginOnWriter(options), timeout, fileLocked);
    } catch (error) {
      unlock();
      throw error;
    }
    return this.#writeTransaction(unlock, options.mode);
  }

  async #readLater(sql: string, parameters: readonly unknown[]): Promise<QueryResult> {
    const transaction = await this.begin({ mode: 'read', actor: null, scope: null });
    try {
      return await transaction.execute(sql, parameters);
    } finally {
      await transaction.rollback();
    }
  }

  // after a commit of unknown outcome only a new connection shows what the file holds
  #replaceWriter(): void {
    this.#writer.close();
    try {
      this.#writer = connect(this.#settings, 'writer');
    } catch (error) {
      this.lock.close(() => sqliteError(error));
    }
  }
}

const connectReader = (settings: ConnectionSettings): Connection => {
  try {
    return connect(settings, 'reader');
  } catch (error) {
    throw sqliteError(error);
  }
};

const begins = {
  // the first read fixes the snapshot
  read: ['BEGIN', 'SELECT 1 FROM sqlite_schema LIMIT 1'],
  write: ['BEGIN IMMEDIATE'],
  memory: ['PRAGMA query_only = ON', 'BEGIN'],
} as const;

const tryBegin = (connection: Connection, kind: keyof typeof begins, session: SessionBounds): boolean =>
  connection.tryBegin(begins[kind], session);

const noScope: SessionBounds = { scope: null };

const enterNoScope = (reader: Connection): void => {
  try {
    reader.enter(noScope);
  } catch (error) {
    throw sqliteError(error);
  }
};

const failLocked = (release: () => void): never => {
  release();
  throw fileLocked();
};

import { setTimeout as sleep } from 'node:timers/promises';
import type { Column } from '../../contract/column.js';
import type { Engine, SyncEngine } from '../../contract/engine.js';
import type { GuardedTable } from '../../contract/guarantee.js';
import type { OpenOptions } from '../../contract/open-options.js';
import type { Owner } from '../../contract/owner.js';
import type { Schema } from '../../contract/schema.js';
import type { Snapshot } from '../../contract/snapshot.js';
import type { Awaitable } from '../../contract/sql.js';
import type { QueryResult, Transaction, TransactionOptions } from '../../contract/transaction.js';
import { sqliteDialect } from './dialect.js';
import { connect, type Target } from './driver/connect.js';
import type { Connection } from './driver/connection.js';
import { loadDriver } from './driver/driver.js';
import { sqliteError } from './driver/errors.js';
import { kyselyParts } from './driver/kysely.js';
import { Lock, type Unlock } from './driver/lock.js';
import { Readers } from './driver/readers.js';
import { Origins } from './driver/row-decoder.js';
import {
  closed,
  fileLocked,
  migrationLocked,
  readersTaken,
  retryWhileBusy,
  writerTaken,
} from './driver/waiting.js';
import { type Opened, openFirst } from './file/open.js';
import { introspect } from './schema/introspect.js';
import { ScopedTables } from './scope/scoped-tables.js';
import { GuaranteeHooks } from './session/guarantee-hooks.js';
import { type OwnerOptions, ownerOf } from './session/owner.js';
import { type Release, SqliteTransaction } from './session/transaction.js';
import { ReadThread } from './snapshot/read-thread.js';
import { inMemory, withSnapshot } from './snapshot/snapshot.js';
import { encode } from './values/codec.js';

const defaultConnections = 10;
const defaultLockTimeout = 5_000;
const defaultMigrationTimeout = 30_000;

/**
 * Opens an SQLite file, plain or encrypted in the SQLCipher 4 format.
 *
 * @param path - of the file; `:memory:` for a database of this process alone
 * @param image - what such a database holds to begin with
 * @throws AshlarError `driver-missing`, `driver-unfit`, `directory-missing`, `filesystem-unsafe`, `database-missing`,
 *   `privilege-missing`, `key-missing`, `key-invalid`, `key-wrong`, `database-not-encrypted`, `database-locked`,
 *   `database-corrupt`, `cipher-version`, `not-a-database`
 */
export const openSqlite = async (
  options: OpenOptions,
  encrypted: boolean,
  path: string,
  image?: Buffer,
): Promise<Engine> => {
  const driver = await loadDriver();
  const opened = await openFirst({
    driver,
    path,
    image,
    encrypted,
    key: options.key,
    create: options.create ?? true,
    lockTimeout: options.lockTimeout ?? defaultLockTimeout,
    durability: options.durability ?? 'full',
    origins: new Origins(),
    scoped: new ScopedTables(),
    watch: options.onStatement,
  });
  return new SqliteEngine(options, encrypted, opened);
};

class SqliteEngine implements Engine {
  readonly dialect = sqliteDialect;
  readonly label: string;
  readonly url: string;
  readonly encrypted: boolean;
  readonly kysely = kyselyParts;
  readonly sync: SyncEngine;
  readonly connectedRole = undefined;

  readonly #target: Target;
  readonly #lock = new Lock();
  readonly #readers: Readers | undefined;
  readonly #lockTimeout: number;
  readonly #identity: string | undefined;
  readonly #forgetFile: () => void;
  readonly #hooks = new GuaranteeHooks();
  #writer: Connection;
  readonly #snapshots = new Set<ReadThread>();
  #closing: Promise<void> | undefined;

  constructor(options: OpenOptions, encrypted: boolean, opened: Opened) {
    this.#target = opened.target;
    this.#writer = opened.writer;
    this.#identity = opened.identity;
    this.#forgetFile = opened.forgetFile;
    this.#lockTimeout = options.lockTimeout ?? defaultLockTimeout;
    this.url = options.url;
    this.encrypted = encrypted;
    const version = opened.target.driver.version;
    this.label = encrypted ? `SQLCipher 4 (SQLite ${version})` : `SQLite ${version}`;
    // a database in memory is one connection's: reads take turns with writes
    this.#readers =
      opened.target.path === ':memory:'
        ? undefined
        : new Readers(() => connectReader(opened.target), options.connections ?? defaultConnections);
    this.sync = { begin: (given) => this.#beginSync(given) };
  }

  register(tables: readonly GuardedTable[]): void {
    this.#target.origins.register(tables);
    this.#target.scoped.register(tables);
    this.#hooks.register(tables);
    this.#forgetStatements();
  }

  encode(column: Column, value: unknown): unknown {
    return encode(column, value);
  }

  begin(options: TransactionOptions): Awaitable<Transaction> {
    if (options.mode === 'read' && this.#readers) {
      const reader = this.#readers.tryAcquire();
      return reader && tryBegin(reader, 'read', options.scope)
        ? this.#readTransaction(this.#readers, reader)
        : this.#beginReadLater(this.#readers, reader, options.scope);
    }
    const unlock = this.#lock.tryAcquire();
    return unlock && this.#tryBeginWriter(unlock, options)
      ? this.#writeTransaction(unlock, options.mode)
      : this.#beginWriteLater(unlock, options);
  }

  read(sql: string, parameters: readonly unknown[]): Awaitable<QueryResult> {
    const reader = this.#readers?.tryAcquire();
    if (!this.#readers || !reader) return this.#readLater(sql, parameters);
    try {
      translated(() => reader.enter(null));
      return reader.run(sql, parameters);
    } finally {
      this.#readers.release(reader, 'usable');
    }
  }

  async asOwner<T>(
    work: (owner: Owner) => Promise<T>,
    options: { exclusive?: boolean; lockTimeout?: number } = {},
  ): Promise<T> {
    const lockTimeout = options.lockTimeout ?? defaultMigrationTimeout;
    const refusal = () => (options.exclusive ? migrationLocked() : writerTaken());
    const unlock = await this.#lock.acquire(lockTimeout, refusal);
    const settings: OwnerOptions = {
      lockTimeout,
      refusal,
      changed: () => this.#forgetStatements(),
      hooks: this.#hooks,
    };
    try {
      translated(() => this.#writer.openTables());
      return await work(ownerOf(this.#writer, settings));
    } finally {
      unlock();
    }
  }

  introspect(owner: Owner): Promise<Schema> {
    return introspect(owner.run);
  }

  async partitions(): Promise<readonly never[]> {
    return [];
  }

  // every transaction of ours settles itself before its commit: this is for what other connections have written
  async seal(): Promise<void> {
    if (!this.#hooks.seals) return;
    const transaction = await this.begin({ mode: 'write', actor: null, scope: null });
    await transaction.commit();
  }

  async vacuum(): Promise<string | undefined> {
    try {
      return await this.asOwner(async (owner) => {
        // pages that were once split or emptied keep copies of what stood on them
        await owner.script('VACUUM');
        const [checkpoint] = await owner.run('PRAGMA wal_checkpoint(TRUNCATE)');
        return checkpoint?.busy === 1
          ? 'A reader still needs the write-ahead log; a later checkpoint empties it.'
          : undefined;
      });
    } catch (error) {
      return `${sqliteError(error).message} VACUUM and PRAGMA wal_checkpoint(TRUNCATE) can still be run.`;
    }
  }

  async snapshot<T>(work: (snapshot: Snapshot) => Promise<T>): Promise<T> {
    if (this.#identity === undefined) throw inMemory();
    const reader = new ReadThread(this.#target);
    this.#snapshots.add(reader);
    try {
      const source = {
        target: this.#target,
        identity: this.#identity,
        lock: this.#lock,
        writer: () => this.#writer,
      };
      return await withSnapshot(source, reader, work);
    } finally {
      this.#snapshots.delete(reader);
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#lock.close(closed);
    this.#readers?.close(closed);
    // what is under way may end, but not keep the process
    const deadline = performance.now() + this.#lockTimeout;
    const isBusy = () => this.#lock.held || (this.#readers?.busy ?? 0) > 0 || this.#snapshots.size > 0;
    while (isBusy() && performance.now() < deadline) await sleep(5);
    // while one of them has the file open it may not be forgotten: looking at it would drop its locks
    for (const reader of this.#snapshots) await reader.close(closed());
    for (const reader of this.#readers?.all ?? []) reader.close();
    this.#writer.close();
    this.#forgetFile();
  }

  #readTransaction(readers: Readers, reader: Connection): Transaction {
    return new SqliteTransaction(reader, (outcome) => readers.release(reader, outcome));
  }

  async #beginReadLater(
    readers: Readers,
    given: Connection | undefined,
    scope: string | null,
  ): Promise<Transaction> {
    const reader = given ?? (await readers.acquire(this.#lockTimeout, readersTaken));
    try {
      await retryWhileBusy(() => tryBegin(reader, 'read', scope), this.#lockTimeout, fileLocked);
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
    if (options.mode === 'read') return tryBegin(this.#writer, 'memory', options.scope);
    if (!tryBegin(this.#writer, 'write', options.scope)) return false;
    try {
      this.#hooks.begin(this.#writer, options);
      return true;
    } catch (error) {
      if (this.#writer.inTransaction) this.#writer.command('ROLLBACK');
      throw sqliteError(error);
    }
  }

  #writeTransaction(unlock: Unlock, mode: 'read' | 'write'): Transaction {
    const release: Release = (outcome) => {
      try {
        if (outcome === 'discard') this.#replaceWriter();
        else if (mode === 'read') this.#writer.command('PRAGMA query_only = OFF');
      } finally {
        unlock();
      }
    };
    return new SqliteTransaction(this.#writer, release, mode === 'write' ? this.#hooks : undefined);
  }

  async #beginWriteLater(given: Unlock | undefined, options: TransactionOptions): Promise<Transaction> {
    const unlock = given ?? (await this.#lock.acquire(this.#lockTimeout, writerTaken));
    try {
      await retryWhileBusy(() => this.#beginOnWriter(options), this.#lockTimeout, fileLocked);
    } catch (error) {
      unlock();
      throw error;
    }
    return this.#writeTransaction(unlock, options.mode);
  }

  #beginSync(options: TransactionOptions): Transaction {
    if (options.mode === 'read' && this.#readers) {
      const reader = this.#readers.tryAcquire();
      if (!reader) throw readersTaken();
      return tryBegin(reader, 'read', options.scope)
        ? this.#readTransaction(this.#readers, reader)
        : refuse(() => this.#readers?.release(reader, 'usable'));
    }
    const unlock = this.#lock.tryAcquire();
    if (!unlock) throw writerTaken();
    const deadline = performance.now() + this.#lockTimeout;
    // nothing can be awaited here: SQLite's own short waits are repeated
    while (!this.#tryBeginWriter(unlock, options)) if (performance.now() > deadline) return refuse(unlock);
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

  // after a commit of unknown outcome only a fresh connection shows what the file holds
  #replaceWriter(): void {
    this.#writer.close();
    try {
      this.#writer = connect(this.#target, 'writer');
    } catch (error) {
      this.#lock.close(() => sqliteError(error));
    }
  }

  #forgetStatements(): void {
    this.#writer.forgetStatements();
    for (const reader of this.#readers?.all ?? []) reader.forgetStatements();
  }
}

const connectReader = (target: Target): Connection => {
  try {
    return connect(target, 'reader');
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

const tryBegin = (connection: Connection, kind: keyof typeof begins, scope: string | null): boolean =>
  connection.tryBegin(begins[kind], scope);

const translated = (work: () => void): void => {
  try {
    work();
  } catch (error) {
    throw sqliteError(error);
  }
};

const refuse = (release: () => void): never => {
  release();
  throw fileLocked();
};

import type { BulkReader } from '../../contract/bulk.js';
import type { Catalogue } from '../../contract/catalogue.js';
import type { ValueForm } from '../../contract/column.js';
import type { Engine, SyncEngine } from '../../contract/engine.js';
import type { GuardedTable } from '../../contract/guarantee.js';
import type { GuardedPlace } from '../../contract/guards.js';
import type { DeclaredView } from '../../contract/objects.js';
import type { OpenOptions } from '../../contract/open-options.js';
import type { Owner } from '../../contract/owner.js';
import type { Schema } from '../../contract/schema.js';
import type { Snapshot } from '../../contract/snapshot.js';
import type { Awaitable } from '../../contract/sql.js';
import type { QueryResult, Transaction, TransactionOptions } from '../../contract/transaction.js';
import { identifier } from '../../model/index.js';
import { defaultLockTimeout } from '../lock.js';
import { unlimitedStatements } from '../refusal.js';
import { reporter } from '../report.js';
import { openBulkReader } from './bulk/reader.js';
import { bulkWriter } from './bulk/writer.js';
import { sqliteDialect } from './dialect.js';
import type { ConnectionSettings } from './driver/connect.js';
import { loadDriver } from './driver/driver.js';
import { sqliteError } from './driver/errors.js';
import { Failures } from './driver/failures.js';
import { Origins } from './driver/row-decoder.js';
import { databaseClosed, migrationLocked, writerTaken } from './driver/waiting.js';
import { type Opened, openFirst } from './file/open.js';
import { describe } from './schema/describe.js';
import { introspect } from './schema/introspect.js';
import { ScopedTables } from './scope/scoped-tables.js';
import { assertStatementAllowed } from './scope/statement-gate.js';
import { SystemTables } from './scope/system-tables.js';
import { Connections } from './session/connections.js';
import { GuaranteeHooks } from './session/guarantee-hooks.js';
import { ownerOf } from './session/owner.js';
import { ReadThread } from './snapshot/read-thread.js';
import { inMemory, withSnapshot } from './snapshot/snapshot.js';
import { TouchedTables } from './touched/touched-tables.js';
import { encode } from './values/codec.js';

const defaultConnections = 10;
const defaultMigrationTimeout = 30_000;

/**
 * Opens a SQLite database file, which is plain or encrypted in the SQLCipher 4 format.
 *
 * @param path - of the file; `:memory:` for a database in this process only
 * @param image - the initial content of a database in memory
 * @throws AshlarError `driver-missing`, `driver-unfit`, `directory-missing`, `filesystem-unsafe`, `database-missing`,
 *   `privilege-missing`, `key-missing`, `key-invalid`, `key-wrong`, `database-not-encrypted`, `database-locked`,
 *   `database-corrupt`, `cipher-version`, `not-a-database`
 */
export async function openSqlite(
  options: OpenOptions,
  encrypted: boolean,
  path: string,
  image?: Buffer,
): Promise<Engine> {
  const driver = await loadDriver();
  const opened = await openFirst({
    driver,
    path,
    image,
    encrypted,
    key: options.key,
    create: options.create ?? true,
    createFolder: options.createFolder ?? false,
    lockTimeout: options.lockTimeout ?? defaultLockTimeout,
    durability: options.durability ?? 'full',
    onlyReads: options.onlyReads ?? false,
    origins: new Origins(),
    failures: new Failures(),
    tables: new SystemTables(),
    scoped: new ScopedTables(),
    touched: new TouchedTables(),
    report: reporter(options.onStatement, 'sqlite'),
  });
  return new SqliteEngine(options, encrypted, opened);
}

class SqliteEngine implements Engine {
  readonly dialect = sqliteDialect;
  readonly label: string;
  readonly url: string;
  readonly encrypted: boolean;
  readonly kysely = async () => (await import('./query/kysely.js')).kyselyOfSqlite;
  readonly sync: SyncEngine;
  readonly connectedRole = undefined;
  readonly context = undefined;

  readonly #settings: ConnectionSettings;
  readonly #guards: GuardedPlace | undefined;
  readonly #identity: string | undefined;
  readonly #forgetFile: () => void;
  readonly #hooks = new GuaranteeHooks();
  readonly #connections: Connections;
  readonly #snapshots = new Set<ReadThread>();
  #closing: Promise<void> | undefined;

  constructor(options: OpenOptions, encrypted: boolean, opened: Opened) {
    this.#settings = opened.settings;
    this.#guards = options.guards;
    this.#identity = opened.identity;
    this.#forgetFile = opened.forgetFile;
    this.#connections = new Connections({
      settings: opened.settings,
      writer: opened.writer,
      hooks: this.#hooks,
      readers: options.connections ?? defaultConnections,
      lockTimeout: options.lockTimeout ?? defaultLockTimeout,
    });
    this.url = options.url;
    this.encrypted = encrypted;
    const version = opened.settings.driver.version;
    this.label = encrypted ? `SQLCipher 4 (SQLite ${version})` : `SQLite ${version}`;
    this.sync = {
      begin: (given) => {
        this.#assertUnlimited(given);
        return this.#connections.beginNow(given);
      },
    };
  }

  register(tables: readonly GuardedTable[], views: readonly DeclaredView[] = []): void {
    this.#settings.origins.register(tables);
    this.#settings.failures.register(tables);
    this.#settings.tables.register(tables, views);
    this.#settings.scoped.register(tables, views);
    this.#settings.touched.register(tables);
    this.#hooks.register(tables);
    this.#connections.forgetStatements();
  }

  encode(column: ValueForm, value: unknown): unknown {
    return encode(column, value);
  }

  // each connection looks as well, once for a statement, when it prepares it
  assertAllowed(sql: string): void {
    assertStatementAllowed(sql);
  }

  begin(options: TransactionOptions): Awaitable<Transaction> {
    this.#assertUnlimited(options);
    return this.#connections.begin(options);
  }

  read(sql: string, parameters: readonly unknown[]): Awaitable<QueryResult> {
    return this.#connections.read(sql, parameters);
  }

  first(sql: string, parameters: readonly unknown[]): Awaitable<Record<string, unknown> | undefined> {
    return this.#connections.first(sql, parameters);
  }

  asOwner<T>(
    work: (owner: Owner) => Promise<T>,
    options: { exclusive?: boolean; lockTimeout?: number } = {},
  ): Promise<T> {
    return this.#asOwner(this.#hooks, work, options);
  }

  async #asOwner<T>(
    hooks: GuaranteeHooks,
    work: (owner: Owner) => Promise<T>,
    options: { exclusive?: boolean | undefined; lockTimeout?: number | undefined },
  ): Promise<T> {
    const lockTimeout = options.lockTimeout ?? defaultMigrationTimeout;
    const timeoutError = () => (options.exclusive ? migrationLocked() : writerTaken());
    const unlock = await this.#connections.lock.acquire(lockTimeout, timeoutError);
    const { writer } = this.#connections;
    try {
      try {
        this.#settings.place.assertFile();
        writer.dropScopeViews();
      } catch (error) {
        throw sqliteError(error);
      }
      return await work(
        ownerOf(writer, {
          lockTimeout,
          timeoutError,
          onChange: () => this.#connections.forgetStatements(),
          hooks,
          place: this.#settings.place,
        }),
      );
    } finally {
      unlock();
    }
  }

  holdingOwner<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  introspect(owner: Owner): Promise<Schema> {
    return introspect(owner.run, this.#guards);
  }

  readonly scratch = undefined;

  catalogue(owner: Owner, of?: { readonly guards?: GuardedPlace | undefined }): Promise<Catalogue> {
    return describe(owner.run, this.#settings.driver.version, of ? of.guards : this.#guards);
  }

  async partitions(): Promise<readonly never[]> {
    return [];
  }

  // a transaction of this engine seals before its commit: this is for what other connections have written
  async seal(): Promise<void> {
    if (!this.#hooks.hasBeforeCommit) return;
    const transaction = await this.begin({ mode: 'write', actor: null, scope: null });
    await transaction.commit();
  }

  async vacuum(): Promise<string | undefined> {
    try {
      return await this.asOwner(async (owner) => {
        await forgetSamples(owner);
        // pages that were split or emptied keep copies of their old content
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
    this.#settings.place.assertFile();
    const reader = new ReadThread(this.#settings, this.#identity);
    this.#snapshots.add(reader);
    try {
      const source = {
        settings: this.#settings,
        identity: this.#identity,
        lock: this.#connections.lock,
        writer: () => this.#connections.writer,
      };
      return await withSnapshot(source, reader, work);
    } finally {
      this.#snapshots.delete(reader);
    }
  }

  readonly bulkReader = async (): Promise<BulkReader> => {
    if (this.#identity === undefined) throw inMemory();
    return openBulkReader(this.#settings);
  };

  readonly bulkWriter: Engine['bulkWriter'] = (work, { lockTimeout } = {}) =>
    this.#asOwner(
      // without the work of guarantees before a commit: the rows of a move are sealed already
      new GuaranteeHooks(),
      async (owner) => {
        const { writer } = this.#connections;
        try {
          return await work(bulkWriter(owner, writer));
        } finally {
          writer.command('PRAGMA foreign_keys = ON');
        }
      },
      { exclusive: true, lockTimeout },
    );

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #assertUnlimited({ statementTimeout }: TransactionOptions): void {
    if (statementTimeout !== undefined) throw unlimitedStatements(this.label);
  }

  async #close(): Promise<void> {
    await this.#connections.drain(() => this.#snapshots.size > 0);
    // while a snapshot has the file open the file stays known: opening it again would drop the snapshot's locks
    for (const reader of this.#snapshots) await reader.close(databaseClosed());
    this.#connections.close();
    this.#forgetFile();
  }
}

/** Takes the planner's samples again: they have values of indexed columns, also of rows that are gone. */
const forgetSamples = async (owner: Owner): Promise<void> => {
  const [samples] = await owner.run("SELECT name FROM sqlite_schema WHERE name = 'sqlite_stat4'");
  if (!samples) return;
  const sampled = await owner.run(`SELECT DISTINCT t.name AS name FROM sqlite_stat4 AS sample
    JOIN sqlite_schema AS t ON t.type = 'table' AND t.name = sample.tbl COLLATE NOCASE`);
  await owner.run('DELETE FROM sqlite_stat4');
  for (const { name } of sampled) await owner.script(`ANALYZE ${identifier(String(name))}`);
};

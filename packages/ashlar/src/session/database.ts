import type { Kysely } from 'kysely';
import type { Column } from '../contract/column.js';
import type { Engine } from '../contract/engine.js';
import type { SystemFacts } from '../contract/system.js';
import type { Tracing } from '../contract/tracing.js';
import type { TransactionOptions } from '../contract/transaction.js';
import type { Encryption } from '../encryption/index.js';
import { endsWithin } from '../engines/ends-within.js';
import { defaultLockTimeout } from '../engines/lock.js';
import { isRetryable } from '../engines/retryable.js';
import { AshlarError } from '../errors.js';
import {
  type KeyOf,
  keyValues,
  type QueryTables,
  type Row,
  type Table,
  type Tables,
} from '../model/index.js';
import { assertOptions, assertWork } from './assert-call.js';
import { cancelledBy, rethrowAbort, whileNotAborted } from './cancel.js';
import type { ConnectOptions } from './connect-options.js';
import { runOutside } from './current.js';
import { getEncrypted } from './encrypted-tables.js';
import { hasQueries, loadQueries, openQueriesOf } from './loaded-queries.js';
import { Maintenance } from './maintenance.js';
import { encryptionOf } from './master-keys.js';
import type { Queries, SessionParts } from './parts.js';
import { retrying } from './retrying.js';
import { RunningSessions } from './running-sessions.js';
import { ActiveSession } from './session.js';
import { calledWith, joined, sessionAround } from './session-around.js';
import { abortedError, nestedWriteError } from './session-errors.js';
import { SingleWrites } from './single-writes.js';
import { Statements } from './statements.js';
import { SyncSession, type SyncSessions } from './sync-session.js';
import { transactionOptions, withContext } from './transaction-options.js';
import { Turns } from './turns.js';
import type { ReadOptions, Session, SessionContext, SessionOptions, WriteOptions } from './types.js';
import { UnitOfWork } from './unit-of-work.js';

type Work<T extends Tables, R> = (s: Session<T>) => Promise<R>;

/** An open database of one system. `connect` opens it. */
export class Database<T extends Tables = Tables> extends SingleWrites<T> {
  readonly engine: Engine;
  readonly system: SystemFacts<T>;
  readonly #options: ConnectOptions;
  readonly #parts: SessionParts;
  readonly #tracing: Tracing | undefined;
  readonly #scopeColumns: readonly Column[];
  readonly #maintenance = new Maintenance();
  readonly #turns = new Turns();
  readonly #running = new RunningSessions();
  #closed: Promise<void> | undefined;
  readonly #around = () => sessionAround<T>(this.engine, this.#lockTimeout);

  constructor(engine: Engine, system: SystemFacts<T>, options: ConnectOptions, tracing?: Tracing) {
    super();
    this.engine = engine;
    this.system = system;
    this.#options = options;
    this.#tracing = tracing;
    const [tables, views] = [Object.values(system.tables), Object.values(system.views ?? {})];
    engine.register(tables, views);
    // neither a nullable scope column nor a keyring defines the scopes: they have those of other tables
    const scopes = tables.flatMap(({ facts }) => (facts.keyring ? [] : (facts.scope ?? [])));
    this.#scopeColumns = scopes.filter(({ nullable }) => !nullable);
    const { clock, allowOwner: actsAsOwner = false } = options;
    const keepsClocks = engine.connectedRole === undefined && !actsAsOwner && clock === undefined;
    let queries: Queries | undefined;
    this.#parts = {
      engine,
      statements: new Statements(engine),
      get queries() {
        queries ??= openQueriesOf(engine)(tables, views, { clock, keepsClocks });
        return queries;
      },
      encryption: encryptionOf(engine, options.columnKeys),
      clock: clock ?? (() => new Date()),
      stampsFromClock: clock !== undefined,
      keepsClocks,
      actsAsOwner,
    };
  }

  /**
   * Runs `work` as one unit of work: commits when `work` returns, and rolls back when it throws. Inside another session
   * of this database it is a savepoint of that session. A serialization failure or deadlock runs `work` again, at most
   * `attempts` times.
   *
   * @throws AshlarError `session-not-awaited`, `session-aborted`, `session-conflict`, `session-retries-exhausted`,
   *   `session-cancelled`, `lock-timeout`, `statement-timeout`, `usage` for invalid options,
   *   `session-read-only` inside a session that only reads, `outcome-unknown`, `database-closed`; `value-invalid` and
   *   `value-unstorable` for a scope or actor that no row can have; and what `work` throws
   */
  session<R>(work: Work<T, R>): Promise<R>;
  session<R>(options: WriteOptions, work: Work<T, R>): Promise<R>;
  session<R>(...given: [Work<T, R>] | [SessionOptions, Work<T, R>]): Promise<R> {
    return calledWith(given, (options, work) =>
      joined(
        this.#around,
        options,
        (outer) => {
          if (outer.readOnly) throw nestedWriteError();
          return outer.session(work);
        },
        async () => {
          if (this.#options.maintain !== false)
            this.#maintenance.runWhenDue(this.engine, this.system.tables, this.#parts.clock());
          return this.#traced('ashlar.session', () =>
            retrying(this.#options.attempts, () => this.#run(options, 'write', work)),
          );
        },
      ),
    );
  }

  /**
   * Runs a session that only reads: it sees one snapshot of the data, and every write is refused.
   *
   * @throws AshlarError `session-read-only` for a write, and as {@link Database.session}
   */
  read<R>(work: Work<T, R>): Promise<R>;
  read<R>(options: ReadOptions, work: Work<T, R>): Promise<R>;
  read<R>(...given: [Work<T, R>] | [ReadOptions, Work<T, R>]): Promise<R> {
    return calledWith(given, (options, work) =>
      joined(
        this.#around,
        options,
        (outer) => outer.nest(work, true),
        async () =>
          this.#traced('ashlar.read', () =>
            retrying(this.#options.attempts, () => this.#run(options, 'read', work)),
          ),
      ),
    );
  }

  /**
   * Returns the row with the given primary key, or `undefined` if there is none. Outside a session this is the fastest
   * way to read one row; inside a session it reads within that session. A row of a scoped table is found only with its
   * scope: in `context`, or in the session around the call.
   *
   * @throws AshlarError `session-conflict`, `decryption-failed`, `scope-shredded`, `database-closed`
   */
  get<Of extends Table>(
    table: Of,
    key: KeyOf<Of>,
    context: SessionContext = {},
  ): Promise<Row<Of> | undefined> {
    return joined(
      this.#around,
      context,
      (outer) => outer.get(table, key),
      () => this.#getAlone(table, key, context),
    );
  }

  async #getAlone<Of extends Table>(
    table: Of,
    key: KeyOf<Of>,
    context: SessionContext,
  ): Promise<Row<Of> | undefined> {
    this.#assertOpen();
    if (withContext(context, this.#options.context).scope)
      return this.read(context, (s) => s.get(table, key));
    const given = keyValues(table, key);
    if (!given) return undefined;
    if (table.facts.encryption) return (await getEncrypted(this.#parts, table, given)) as Row<Of> | undefined;
    const { sql, parameters } = this.#parts.statements.get(table, given);
    return (await this.engine.first(sql, parameters)) as Row<Of> | undefined;
  }

  /**
   * Runs synchronous sessions, for engines that run in this thread (SQLite). `read` runs one that only reads: it sees
   * one snapshot, and every write is refused.
   *
   * @throws AshlarError `usage` on other engines; and as {@link Database.session} and {@link Database.read}
   *
   * @example
   * const names = db.sync.read({ scope }, (s) => s.all(db.kysely.selectFrom('notes').select('name')));
   */
  get sync(): SyncSessions {
    const { sync, label } = this.engine;
    if (!sync) {
      throw new AshlarError('usage', {
        message: `${label} has no synchronous sessions.`,
        suggestion: 'Use db.session(…), or an sqlite: or sqlcipher: URL.',
      });
    }
    const run = <R>(mode: 'read' | 'write', context: SessionContext, work: (s: SyncSession) => R): R => {
      this.#assertOpen();
      assertOptions(context);
      assertWork(work);
      const options = this.#transactionOptions(context, mode);
      const begin = () => new SyncSession(this.#parts, sync.begin(options), options);
      return this.#traced(mode === 'write' ? 'ashlar.session' : 'ashlar.read', () => begin().run(work));
    };
    return {
      session: (context, work) => run('write', context, work),
      read: (context, work) => run('read', context, work),
    };
  }

  /**
   * Returns whether the caller runs inside a session of this database. The session may still be rolled back; effects
   * outside the database, such as a removed file or a sent message, may not.
   */
  get inSession(): boolean {
    return this.#around() !== undefined;
  }

  /** @internal The master keys and the keyring statements of this database, for code that reads or changes keyrings. */
  get encryption(): Encryption {
    return this.#parts.encryption;
  }

  /**
   * A Kysely instance that builds queries, which a session runs later. It has no connection: to run a query with it is
   * `usage`.
   */
  get kysely(): Kysely<QueryTables<T>> {
    return this.#parts.queries.builder as Kysely<QueryTables<T>>;
  }

  /**
   * Runs `work` outside the session around the call. What lives longer than that session, such as a timer, a queue or a
   * connection of another library, is created here: whatever it calls later then runs in no session.
   *
   * @example
   * const queue = db.outside(() => new EventEmitter());
   */
  outside<R>(work: () => R): R {
    return runOutside(work);
  }

  /**
   * Waits for the running sessions and closes every connection. New sessions are refused with `database-closed`. A session
   * that begins and ends no statement for `lockTimeout` (of `connect`) is rolled back and rejects with `session-cancelled`; so
   * `close` ends also when a session hangs.
   *
   * @throws AshlarError `usage` inside a session, which would wait for itself
   */
  async close(): Promise<void> {
    if (!this.#closed && this.#around()) {
      throw new AshlarError('usage', {
        message: 'A database cannot be closed inside one of its sessions.',
        suggestion: 'Close it after the session has ended.',
      });
    }
    this.#closed ??= this.#close();
    await this.#closed;
  }

  async #close(): Promise<void> {
    await this.#running.drain(this.#lockTimeout);
    await endsWithin(this.#maintenance.ended, this.#lockTimeout);
    await this.engine.close();
  }

  /** @internal */
  protected override once<R>(
    context: SessionContext,
    work: Work<T, R>,
    prepare = async () => work,
  ): Promise<R> {
    return joined(this.#around, context, work, async () => this.session(context, await prepare()));
  }

  async #run<R>(options: SessionOptions, mode: 'read' | 'write', work: Work<T, R>): Promise<R> {
    this.#assertOpen();
    const transaction = this.#transactionOptions(options, mode);
    rethrowAbort(options.signal);
    this.#running.began();
    try {
      await this.#turns.yield();
      if (!hasQueries(this.engine)) await loadQueries(this.engine);
      return await this.#unit(await this.#begin(transaction, options.signal), work);
    } finally {
      this.#running.ended();
    }
  }

  #begin(options: TransactionOptions, signal: AbortSignal | undefined): Promise<UnitOfWork> {
    const lockTimeout = options.lockTimeout ?? this.#lockTimeout;
    const begun = UnitOfWork.begin(this.engine, options, { lockTimeout, signal });
    return signal ? whileNotAborted(signal, begun, (unit) => unit.rollback()) : begun;
  }

  #transactionOptions(given: SessionOptions, mode: 'read' | 'write'): TransactionOptions {
    const options = transactionOptions(withContext(given, this.#options.context), mode, this.#scopeColumns);
    const { clock, stampsFromClock } = this.#parts;
    return stampsFromClock ? { ...options, now: clock().toISOString() } : options;
  }

  async #unit<R>(unit: UnitOfWork, work: Work<T, R>): Promise<R> {
    const { signal } = unit;
    let result: R;
    const abort = (): void => unit.cancel(cancelledBy(signal));
    this.#running.units.add(unit);
    try {
      signal?.addEventListener('abort', abort);
      const session = new ActiveSession<T>(this.#parts, unit.root, unit.options.mode === 'read');
      result = await unit.untilCancelled(() => session.run(work));
      const { failure } = unit.root;
      if (failure) throw isRetryable(failure.error) ? failure.error : abortedError(failure.error);
    } catch (error) {
      const { failure } = unit.root;
      await unit.rollback();
      if (unit.cancellation) throw unit.cancellation;
      // the callback may have replaced a deadlock by an error of its own: a retry helps all the same
      throw failure && isRetryable(failure.error) ? failure.error : error;
    } finally {
      this.#running.units.delete(unit);
      signal?.removeEventListener('abort', abort);
    }
    await unit.commit();
    return result;
  }

  #traced<R>(name: string, work: () => R): R {
    return this.#tracing ? this.#tracing.run(name, work) : work();
  }

  get #lockTimeout(): number {
    return this.#options.lockTimeout ?? defaultLockTimeout;
  }

  #assertOpen(): void {
    if (!this.#closed) return;
    throw new AshlarError('database-closed', {
      message: 'The database is closed.',
      suggestion: 'Call connect(…) again.',
    });
  }
}

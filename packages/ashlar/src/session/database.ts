import { setImmediate as nextTurn } from 'node:timers/promises';
import { DummyDriver, Kysely } from 'kysely';
import type { Column } from '../contract/column.js';
import type { Engine } from '../contract/engine.js';
import type { SystemFacts } from '../contract/system.js';
import type { Tracing } from '../contract/tracing.js';
import type { TransactionOptions } from '../contract/transaction.js';
import { DataKeys, type Encryption, KeyringSql, resultOf, runSteps } from '../encryption/index.js';
import { isRetryable } from '../engines/retryable.js';
import { AshlarError } from '../errors.js';
import { maintain } from '../maintenance/maintain.js';
import {
  type KeyOf,
  keyValues,
  type QueryTables,
  type Row,
  type Table,
  type Tables,
} from '../model/index.js';
import type { ConnectOptions } from './connect-options.js';
import { currentSession } from './current.js';
import { EncryptedTables } from './encrypted-tables.js';
import { kyselyParts } from './kysely.js';
import { masterKeys } from './master-keys.js';
import type { SessionParts } from './parts.js';
import { ActiveSession } from './session.js';
import { SingleWrites } from './single-writes.js';
import { Statements } from './statements.js';
import { SyncSession, type SyncSessions } from './sync-session.js';
import { transactionOptions } from './transaction-options.js';
import type { Session, SessionContext } from './types.js';
import { abortedError, endedError, UnitOfWork } from './unit-of-work.js';

type Work<T extends Tables, R> = (s: Session<T>) => Promise<R>;

const hour = 3_600_000;

/** How long consecutive sessions may hold the event loop, in milliseconds. */
const longestTurn = 10;

/** An open database of one system. `connect` opens it. */
export class Database<T extends Tables = Tables> extends SingleWrites<T> {
  readonly engine: Engine;
  readonly system: SystemFacts<T>;
  readonly #options: ConnectOptions;
  readonly #parts: SessionParts;
  readonly #tracing: Tracing | undefined;
  readonly #scopeColumns: readonly Column[];
  #maintenance: Promise<void> = Promise.resolve();
  #maintainNext = 0;
  #turnStarted = 0;
  #running = 0;
  #idle: (() => void)[] = [];
  #closed = false;

  constructor(engine: Engine, system: SystemFacts<T>, options: ConnectOptions, tracing?: Tracing) {
    super();
    this.engine = engine;
    this.system = system;
    this.#options = options;
    this.#tracing = tracing;
    engine.register(Object.values(system.tables));
    // a nullable scope column does not define the scopes: an audit trail copies those of other tables
    this.#scopeColumns = Object.values(system.tables)
      .flatMap((table) => table.facts.scope ?? [])
      .filter(({ nullable }) => !nullable);
    const kysely = kyselyParts(engine);
    this.#parts = {
      engine,
      statements: new Statements(engine),
      kysely,
      builder: new Kysely({ dialect: { ...kysely.dialect, createDriver: () => new DummyDriver() } }),
      encryption: { masters: masterKeys(options.columnKeys), sql: new KeyringSql(kysely.dialect) },
      clock: options.clock ?? (() => new Date()),
      stampsFromClock: options.clock !== undefined,
    };
  }

  /**
   * Runs `work` as one unit of work: commits when `work` returns, and rolls back when it throws. Inside another session
   * of this database it is a savepoint of that session. A serialization failure or deadlock runs `work` again, at most
   * `attempts` times.
   *
   * @throws AshlarError `session-not-awaited`, `session-aborted`, `session-conflict`, `session-retries-exhausted`,
   *   `session-read-only` inside a session that only reads, `outcome-unknown`, `database-closed`; `value-invalid` and
   *   `value-unstorable` for a scope or actor that no row can have; and what `work` throws
   */
  session<R>(work: Work<T, R>): Promise<R>;
  session<R>(context: SessionContext, work: Work<T, R>): Promise<R>;
  async session<R>(...given: [Work<T, R>] | [SessionContext, Work<T, R>]): Promise<R> {
    const [context, work] = given.length === 1 ? [{}, given[0]] : given;
    const outer = this.#outer(context);
    if (outer?.readOnly) {
      throw new AshlarError('session-read-only', {
        message: 'A session that writes was opened inside a session that only reads.',
        suggestion: 'Use db.session(…) for the outer session as well.',
      });
    }
    if (outer) return outer.session(work);
    this.#maintainWhenDue();
    return this.#traced('ashlar.session', () => this.#retrying(() => this.#run(context, 'write', work)));
  }

  /**
   * Runs a session that only reads: it sees one snapshot of the data, and every write is refused.
   *
   * @throws AshlarError `session-read-only` for a write, and as {@link Database.session}
   */
  read<R>(work: Work<T, R>): Promise<R>;
  read<R>(context: SessionContext, work: Work<T, R>): Promise<R>;
  async read<R>(...given: [Work<T, R>] | [SessionContext, Work<T, R>]): Promise<R> {
    const [context, work] = given.length === 1 ? [{}, given[0]] : given;
    const outer = this.#outer(context);
    if (outer) return outer.nest(work, true);
    return this.#traced('ashlar.read', () => this.#retrying(() => this.#run(context, 'read', work)));
  }

  /**
   * Returns the row with the given primary key, or `undefined` if there is none. Outside a session this is the fastest
   * way to read one row; inside a session it reads within that session. A row of a scoped table is found only with its
   * scope: in `context`, or in the session around the call.
   *
   * @throws AshlarError `session-conflict`, `decryption-failed`, `scope-shredded`, `database-closed`
   */
  async get<Of extends Table>(
    table: Of,
    key: KeyOf<Of>,
    context: SessionContext = {},
  ): Promise<Row<Of> | undefined> {
    this.#assertOpen();
    const outer = this.#outer(context);
    if (outer) return outer.get(table, key);
    if (this.#withDefaults(context).scope) return this.read(context, (s) => s.get(table, key));
    const given = keyValues(table, key);
    if (!given) return undefined;
    if (table.facts.encryption) return this.#getEncrypted(table, given);
    const statement = this.#parts.statements.get(table, given);
    const { rows } = await this.engine.read(statement.sql, statement.parameters);
    return rows[0] as Row<Of> | undefined;
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
    return this.#outer({}) !== undefined;
  }

  /** @internal The master keys and the keyring statements of this database, for code that reads or changes keyrings. */
  get encryption(): Encryption {
    return this.#parts.encryption;
  }

  /** A Kysely instance that builds queries, which a session runs later. It has no connection. */
  get kysely(): Kysely<QueryTables<T>> {
    return this.#parts.builder as Kysely<QueryTables<T>>;
  }

  /**
   * Waits for the running sessions and closes every connection. New sessions are refused with `database-closed`.
   *
   * @throws AshlarError `usage` inside a session, which would wait for itself
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    if (this.#outer({})) {
      throw new AshlarError('usage', {
        message: 'A database cannot be closed inside one of its sessions.',
        suggestion: 'Close it after the session has ended.',
      });
    }
    this.#closed = true;
    while (this.#running > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
    await this.#maintenance;
    await this.engine.close();
  }

  async #getEncrypted<Of extends Table>(
    table: Of,
    key: Readonly<Record<string, unknown>>,
  ): Promise<Row<Of> | undefined> {
    const steps = new EncryptedTables(this.#parts, new DataKeys(this.#parts.encryption)).get(table, key);
    const read = async ({ sql, parameters }: { sql: string; parameters: readonly unknown[] }) =>
      (await this.engine.read(sql, parameters)).rows;
    return resultOf(await runSteps(steps, read)) as Row<Of> | undefined;
  }

  /** @internal */
  protected override async once<R>(context: SessionContext, work: Work<T, R>): Promise<R> {
    const outer = this.#outer(context);
    return outer ? work(outer) : this.session(context, work);
  }

  async #run<R>(context: SessionContext, mode: 'read' | 'write', work: Work<T, R>): Promise<R> {
    this.#assertOpen();
    const options = this.#transactionOptions(context, mode);
    this.#running++;
    try {
      await this.#yieldTurn();
      return await this.#unit(await UnitOfWork.begin(this.engine, options), work);
    } finally {
      this.#running--;
      if (this.#closed && this.#running === 0) for (const go of this.#idle.splice(0)) go();
    }
  }

  #transactionOptions(context: SessionContext, mode: 'read' | 'write'): TransactionOptions {
    const options = transactionOptions(this.#withDefaults(context), mode, this.#scopeColumns);
    const { clock, stampsFromClock } = this.#parts;
    return stampsFromClock ? { ...options, now: clock().toISOString() } : options;
  }

  async #unit<R>(unit: UnitOfWork, work: Work<T, R>): Promise<R> {
    let result: R;
    try {
      result = await new ActiveSession<T>(this.#parts, unit.root, unit.options.mode === 'read').run(work);
      const { failure } = unit.root;
      if (failure) throw isRetryable(failure.error) ? failure.error : abortedError(failure.error);
    } catch (error) {
      const { failure } = unit.root;
      await unit.rollback();
      // the callback may have replaced a deadlock by an error of its own: a retry helps all the same
      throw failure && isRetryable(failure.error) ? failure.error : error;
    }
    await unit.commit();
    return result;
  }

  /** SQLite answers in the same turn of the event loop, so a loop of sessions would starve timers and signals. */
  async #yieldTurn(): Promise<void> {
    const now = performance.now();
    if (now - this.#turnStarted < longestTurn) return;
    await nextTurn();
    this.#turnStarted = performance.now();
  }

  async #retrying<R>(run: () => Promise<R>): Promise<R> {
    const attempts = this.#options.attempts ?? 5;
    for (let attempt = 1; ; attempt++) {
      try {
        return await run();
      } catch (error) {
        if (!isRetryable(error)) throw error;
        if (attempt >= attempts) {
          throw new AshlarError('session-retries-exhausted', {
            message: `The session failed ${attempts} times with a serialization failure or deadlock.`,
            detail: error instanceof AshlarError ? error.message : undefined,
            suggestion: 'Lock rows in the same order in every session, or make sessions shorter.',
            cause: error,
          });
        }
        // full jitter, so that the same sessions do not collide again
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 10 * 2 ** attempt));
      }
    }
  }

  #outer(context: SessionContext): ActiveSession<T> | undefined {
    const called = currentSession();
    if (!(called instanceof ActiveSession) || called.unit.engine !== this.engine) return undefined;
    let current: ActiveSession<T> | undefined = called as ActiveSession<T>;
    while (current?.ended) current = current.parent;
    if (!current) {
      // the caller belongs to a session that was rolled back: a session of its own would outlive it
      if (called.unit.outcome === 'rolled back') throw endedError();
      return undefined;
    }
    for (const name of ['actor', 'scope'] as const) {
      if (context[name] !== undefined && context[name] !== current[name]) {
        throw new AshlarError('session-conflict', {
          message: `A nested session has a different ${name} than its outer session.`,
          suggestion: `Leave out ${name}, or open the session outside the outer session.`,
        });
      }
    }
    return current;
  }

  #traced<R>(name: string, work: () => R): R {
    return this.#tracing ? this.#tracing.run(name, work) : work();
  }

  #withDefaults(given: SessionContext): SessionContext {
    const { actor, scope } = this.#options.context ?? {};
    return {
      ...given,
      actor: given.actor === undefined ? actor : given.actor,
      scope: given.scope === undefined ? scope : given.scope,
    };
  }

  #maintainWhenDue(): void {
    if (this.#options.maintain === false) return;
    const now = this.#parts.clock();
    if (now.getTime() < this.#maintainNext) return;
    this.#maintainNext = now.getTime() + hour;
    this.#maintenance = maintain(this.engine, Object.values(this.system.tables), now).then(
      ({ goodUntil }) => {
        this.#maintainNext = goodUntil?.getTime() ?? Number.POSITIVE_INFINITY;
      },
      // a session must not fail because maintenance did; the next `ashlar up` reports the cause
      () => undefined,
    );
  }

  #assertOpen(): void {
    if (!this.#closed) return;
    throw new AshlarError('database-closed', {
      message: 'The database is closed.',
      suggestion: 'Call connect(…) again.',
    });
  }
}

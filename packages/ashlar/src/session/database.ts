import { setImmediate as nextTurn } from 'node:timers/promises';
import { DummyDriver, Kysely } from 'kysely';
import type { Column } from '../contract/column.js';
import type { Engine } from '../contract/engine.js';
import type { SystemFacts } from '../contract/system.js';
import { DataKeys, type Encryption, KeyringSql, resultOf, runSteps } from '../encryption/index.js';
import { isRetryable } from '../engines/retryable.js';
import { AshlarError } from '../errors.js';
import { maintain } from '../maintenance/maintain.js';
import type { QueryTables, RowOf, Shape, Table, Tables } from '../model/index.js';
import type { ConnectOptions } from './connect-options.js';
import { currentSession } from './current.js';
import { EncryptedTables } from './encrypted-tables.js';
import { kyselyParts } from './kysely.js';
import { masterKeys } from './master-keys.js';
import type { SessionParts } from './parts.js';
import { ActiveSession } from './session.js';
import { keyValues, Statements } from './statements.js';
import { SyncSession } from './sync-session.js';
import { transactionOptions } from './transaction-options.js';
import type { KeyOf, Session, SessionContext } from './types.js';
import { abortedError, endedError, UnitOfWork } from './unit-of-work.js';

type Work<T extends Tables, R> = (s: Session<T>) => Promise<R>;

const hour = 3_600_000;

/** How long sessions that follow each other may keep the event loop, in milliseconds. */
const longestTurn = 10;

/** An open database of one system. */
export class Database<T extends Tables = Tables> {
  readonly engine: Engine;
  readonly system: SystemFacts<T>;
  readonly #options: ConnectOptions;
  readonly #parts: SessionParts;
  readonly #scopeColumns: readonly Column[];
  #maintenance: Promise<void> = Promise.resolve();
  #maintainNext = 0;
  #turnStarted = 0;
  #running = 0;
  #idle: (() => void)[] = [];
  #closed = false;

  constructor(engine: Engine, system: SystemFacts<T>, options: ConnectOptions) {
    this.engine = engine;
    this.system = system;
    this.#options = options;
    engine.register(Object.values(system.tables));
    // what may be left open does not say which scopes there are: a trail keeps those of others
    this.#scopeColumns = Object.values(system.tables)
      .flatMap((table) => table.facts.scope ?? [])
      .filter(({ nullable }) => !nullable);
    const kysely = kyselyParts(engine);
    this.#parts = {
      statements: new Statements(engine),
      kysely,
      encryption: { masters: masterKeys(options.columnKeys), sql: new KeyringSql(kysely.dialect) },
      clock: options.clock ?? (() => new Date()),
      stampHere: options.clock !== undefined,
    };
  }

  /**
   * One unit of work: commits when `work` returns, rolls back when it throws. Inside another session of this database
   * it is a savepoint of that one. A serialization failure or deadlock runs `work` again, a bounded number of times.
   *
   * @throws AshlarError `session-not-awaited`, `session-aborted`, `session-conflict`, `session-retries-exhausted`,
   *   `outcome-unknown`; `value-invalid` for a scope that no scoped table could have; and what `work` throws
   */
  session<R>(work: Work<T, R>): Promise<R>;
  session<R>(context: SessionContext, work: Work<T, R>): Promise<R>;
  async session<R>(...given: [Work<T, R>] | [SessionContext, Work<T, R>]): Promise<R> {
    const [context, work] = given.length === 1 ? [{}, given[0]] : given;
    const outer = this.#outer(context);
    if (outer?.readOnly) {
      throw new AshlarError('session-read-only', {
        message: 'A session that writes was opened inside one that only reads.',
        suggestion: 'Use db.session(…) for the outer one as well.',
      });
    }
    if (outer) return outer.session(work);
    this.#maintainWhenDue();
    return this.#retrying(() => this.#run(context, 'write', work));
  }

  /** A session that only reads: one snapshot of the data, and every write is refused with `session-read-only`. */
  read<R>(work: Work<T, R>): Promise<R>;
  read<R>(context: SessionContext, work: Work<T, R>): Promise<R>;
  async read<R>(...given: [Work<T, R>] | [SessionContext, Work<T, R>]): Promise<R> {
    const [context, work] = given.length === 1 ? [{}, given[0]] : given;
    const outer = this.#outer(context);
    if (outer) return outer.nest(work, true);
    return this.#retrying(() => this.#run(context, 'read', work));
  }

  /**
   * The row with that key; outside a session it is the quickest way to one row, inside one it reads in it. A scoped
   * table's row is found only in its scope: with a context, or inside a session that has one.
   */
  async get<S extends Shape>(
    table: Table<string, S>,
    key: KeyOf<S>,
    context: SessionContext = {},
  ): Promise<RowOf<S> | undefined> {
    this.#assertOpen();
    const outer = this.#outer(context);
    if (outer) return outer.get(table, key);
    if (context.scope) return this.read(context, (s) => s.get(table, key));
    if (table.facts.encryption) return this.#getEncrypted(table, key);
    const statement = this.#parts.statements.get(table, keyValues(table, key));
    const { rows } = await this.engine.read(statement.sql, statement.parameters);
    return rows[0] as RowOf<S> | undefined;
  }

  /** Sessions without promises, where the engine runs in this thread (SQLite); elsewhere `usage`. */
  get sync(): { session<R>(context: SessionContext, work: (s: SyncSession) => R): R } {
    const { sync, label } = this.engine;
    if (!sync) {
      throw new AshlarError('usage', {
        message: `${label} cannot be used without promises.`,
        suggestion: 'Use db.session(…), or an sqlite: or sqlcipher: URL.',
      });
    }
    return {
      session: (context, work) => {
        this.#assertOpen();
        const options = transactionOptions(context, 'write', this.#scopeColumns);
        return new SyncSession(this.#parts, sync.begin(options), options.actor, options.scope).run(work);
      },
    };
  }

  /**
   * Whether the code that asks runs inside a session of this database, which may yet be undone: what is done beside the
   * database, a file removed or a message sent, cannot be.
   */
  get inSession(): boolean {
    return this.#outer({}) !== undefined;
  }

  /** What encrypts and decrypts its ciphered columns: for work on keyrings. */
  get encryption(): Encryption {
    return this.#parts.encryption;
  }

  /** Kysely for building queries that a session runs later; it has no connection of its own. */
  get kysely(): Kysely<QueryTables<T>> {
    return new Kysely({ dialect: { ...this.#parts.kysely.dialect, createDriver: () => new DummyDriver() } });
  }

  /**
   * Closes every connection, after the sessions under way have ended; new ones are refused with `database-closed`.
   *
   * @throws AshlarError `usage` when called inside a session, which would wait for itself
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

  async #getEncrypted<S extends Shape>(
    table: Table<string, S>,
    key: KeyOf<S>,
  ): Promise<RowOf<S> | undefined> {
    const steps = new EncryptedTables(this.#parts, new DataKeys(this.#parts.encryption)).get(table, key);
    const read = async ({ sql, parameters }: { sql: string; parameters: readonly unknown[] }) =>
      (await this.engine.read(sql, parameters)).rows;
    return resultOf(await runSteps(steps, read)) as RowOf<S> | undefined;
  }

  async #run<R>(context: SessionContext, mode: 'read' | 'write', work: Work<T, R>): Promise<R> {
    this.#assertOpen();
    const options = transactionOptions(context, mode, this.#scopeColumns);
    this.#running++;
    try {
      await this.#breathe();
      return await this.#unit(await UnitOfWork.begin(this.engine, options), work);
    } finally {
      this.#running--;
      if (this.#closed && this.#running === 0) for (const go of this.#idle.splice(0)) go();
    }
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
      // what the callback made of a deadlock hides that trying again would help
      throw failure && isRetryable(failure.error) ? failure.error : error;
    }
    await unit.commit();
    return result;
  }

  /** SQLite answers in the same turn, so a loop of sessions would keep timers and signals waiting. */
  async #breathe(): Promise<void> {
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
            message: `The session met a serialization failure or deadlock ${attempts} times.`,
            detail: error instanceof AshlarError ? error.message : undefined,
            suggestion: 'Let sessions lock rows in the same order, or make them shorter.',
            cause: error,
          });
        }
        // full jitter, so that the sessions that collided do not meet again
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
      // left over from a session that was undone: on its own it would outlive it
      if (called.unit.outcome === 'rolled back') throw endedError();
      return undefined;
    }
    for (const name of ['actor', 'scope'] as const) {
      if (context[name] !== undefined && context[name] !== current[name]) {
        throw new AshlarError('session-conflict', {
          message: `A nested session asked for another ${name} than the session it runs in.`,
          suggestion: `Leave ${name} out, or open the session outside.`,
        });
      }
    }
    return current;
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
      // the next `ashlar up` says what is wrong; a session must not fail for it
      () => undefined,
    );
  }

  #assertOpen(): void {
    if (!this.#closed) return;
    throw new AshlarError('database-closed', {
      message: 'The database was closed.',
      suggestion: 'Connect again.',
    });
  }
}

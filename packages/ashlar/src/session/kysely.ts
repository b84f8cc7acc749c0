import {
  type CompiledQuery,
  type ConnectionProvider,
  type DatabaseConnection,
  type Dialect,
  type DialectAdapter,
  type Driver,
  Kysely,
  type QueryCompiler,
  type QueryResult,
} from 'kysely';
import type { Engine, KyselyOfEngine } from '../contract/engine.js';
import type { SqlName } from '../contract/sql.js';
import { assertNoNul } from '../engines/row-statements.js';
import { AshlarError } from '../errors.js';
import { RewritingExecutor } from '../query/executor.js';
import { assertParameters } from '../query/parameters.js';
import type { QueryRules } from '../query/rules.js';
import { changesRows } from '../sql/kind.js';
import { readOnlyError } from './session-errors.js';
import type { Level } from './unit-of-work.js';

const refuse = (what: string, suggestion: string) => async (): Promise<never> => {
  throw new AshlarError('usage', { message: `${what} is not available inside a session.`, suggestion });
};

const ownTransaction = refuse(
  's.query.transaction()',
  'The session is the transaction; s.session(…) opens a savepoint in it.',
);

const notInSession = async (): Promise<never> => {
  throw new AshlarError('usage', {
    message: 'db.kysely builds queries and runs none.',
    detail: 'A statement runs in a session, with its actor and its scope.',
    suggestion: 'Run it in a session: db.session((s) => s.query.…execute()), or s.all(query) of db.sync.',
  });
};

/** A driver with which Kysely only compiles: connections and transactions belong to the session. */
const driver: Driver = {
  init: async () => undefined,
  acquireConnection: refuse('Another connection', 'Run the query in the session.'),
  releaseConnection: async () => undefined,
  beginTransaction: ownTransaction,
  commitTransaction: ownTransaction,
  rollbackTransaction: ownTransaction,
  destroy: async () => undefined,
};

/**
 * Runs Kysely's queries in one level of a unit of work. Kysely asks for a connection in the same turn as `.execute()`, and
 * when the first row of a stream is read: from then on the query counts as running.
 */
class LevelConnection implements DatabaseConnection {
  readonly #level: Level;
  readonly #dialect: SqlName;
  readonly #readOnly: boolean;
  readonly #rules: QueryRules;
  #reserved: (() => void) | undefined;

  constructor(level: Level, { sqlName, rules }: KyselyParts, readOnly: boolean) {
    this.#level = level;
    this.#dialect = sqlName;
    this.#rules = rules;
    this.#readOnly = readOnly;
    this.#reserved = level.calls.start();
  }

  /** Whether nothing was run with this connection yet. */
  get unused(): boolean {
    return this.#reserved !== undefined;
  }

  /** Ends the count that began with this connection. */
  readonly release = (): void => {
    this.#reserved?.();
    this.#reserved = undefined;
  };

  executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const result = this.#level.call(() => this.#execute<R>(query));
    this.release();
    return result;
  }

  async #execute<R>(compiled: CompiledQuery): Promise<QueryResult<R>> {
    this.#assertAllowed(compiled);
    const { sql, parameters, query } = compiled;
    const { rows, changes } = await this.#level.execute(sql, parameters, this.#rules.kindsOf(query));
    this.#rules.unnest(query, rows);
    return { rows: rows as R[], numAffectedRows: BigInt(changes) };
  }

  #assertAllowed({ sql, parameters }: CompiledQuery): void {
    assertNoNul(sql);
    assertParameters(parameters);
    this.#level.unit.engine.assertAllowed(sql);
    // nested in a session that writes, a session that only reads is in a transaction that may write
    if (this.#readOnly && changesRows(sql, this.#dialect)) throw readOnlyError();
  }

  async *streamQuery<R>(compiled: CompiledQuery, chunk = 500): AsyncIterableIterator<QueryResult<R>> {
    const end = this.#level.calls.start();
    this.release();
    try {
      this.#assertAllowed(compiled);
      const { sql, parameters, query } = compiled;
      for await (const row of this.#level.stream(sql, parameters, chunk, this.#rules.kindsOf(query))) {
        this.#rules.unnest(query, [row]);
        yield { rows: [row as R] };
      }
    } finally {
      await this.#level.call(async () => undefined);
      end();
    }
  }
}

/** The parts of Kysely that all sessions of an engine share. */
export interface KyselyParts {
  readonly sqlName: SqlName;
  readonly dialect: Dialect;
  readonly adapter: DialectAdapter;
  readonly compiler: QueryCompiler;
  readonly rules: QueryRules;
}

/** Returns what all of a database's instances of Kysely share. */
export function kyselyParts(
  engine: Engine,
  { adapter, compiler }: KyselyOfEngine,
  rules: QueryRules,
): KyselyParts {
  return {
    rules,
    sqlName: engine.dialect.name,
    adapter: adapter(),
    compiler: compiler(),
    dialect: {
      createAdapter: adapter,
      createQueryCompiler: compiler,
      createDriver: () => driver,
      createIntrospector: () => {
        throw new AshlarError('usage', {
          message: 'Kysely cannot introspect this database.',
          suggestion: 'Use `ashlar status` or engine.introspect().',
        });
      },
    },
  };
}

/** Returns a Kysely instance whose queries run in one level of a unit of work: the transaction or a savepoint. */
export function kyselyFor<Tables>(parts: KyselyParts, level: Level, readOnly: boolean): Kysely<Tables> {
  const { adapter, compiler, dialect, rules } = parts;
  const provider: ConnectionProvider = {
    provideConnection: (consumer) => {
      const connection = new LevelConnection(level, parts, readOnly);
      const result = consumer(connection);
      if (connection.unused) result.then(connection.release, connection.release);
      return result;
    },
  };
  const executor = new RewritingExecutor({ compiler, adapter, provider, rules });
  return new Kysely<Tables>({ config: { dialect }, driver, executor, dialect });
}

/**
 * Returns a Kysely instance that builds queries, which a session runs later. It has no connection: what would run a
 * statement, or begin a transaction, is refused with `usage`.
 */
export function detachedKysely<Tables>({ adapter, compiler, dialect, rules }: KyselyParts): Kysely<Tables> {
  const provider: ConnectionProvider = { provideConnection: notInSession };
  const executor = new RewritingExecutor({ compiler, adapter, provider, rules });
  return new Kysely<Tables>({ config: { dialect }, driver, executor, dialect });
}

import { AshlarError } from '../errors.js';
import { isInTransaction, pgClient } from './pg-client.js';
import type { RunIn, ToolTransactions } from './types.js';
import { untilEnd } from './until-end.js';
import { nested } from './usage.js';

/** What tells the clients apart. No tool is imported, so that its version and its copy do not matter. */
interface Methods {
  readonly $transaction?: unknown;
  /** Prisma: the client has it, a transaction does not. */
  readonly $connect?: unknown;
  readonly $queryRawUnsafe?: unknown;
  readonly executeQuery?: unknown;
  readonly transaction?: unknown;
  readonly execute?: unknown;
  readonly query?: unknown;
  /** Kysely: whether it is a transaction. */
  readonly isTransaction?: unknown;
  /** Drizzle: a transaction has it, the database does not. */
  readonly rollback?: unknown;
  /** Drizzle: the driver's client. */
  readonly $client?: object;
}

const are = (...methods: readonly unknown[]): boolean => methods.every((each) => typeof each === 'function');

/**
 * Whether the client of a driver is one connection. A pool of pg counts its connections, that of postgres.js is a function, and
 * drivers over HTTP or WebSockets have other methods.
 */
const isConnection = (client: Methods['$client']): boolean =>
  client !== undefined && are((client as Methods).query) && !('totalCount' in client);

/**
 * Returns how transactions of a client of `pg`, Kysely, Drizzle or Prisma begin and run statements.
 *
 * @throws AshlarError `usage` for anything else, and for a transaction of such a client: the context would last until its end
 */
export function transactionsOf(client: object): ToolTransactions {
  const methods = client as Methods;
  if (are(methods.$queryRawUnsafe)) {
    if (!are(methods.$transaction, methods.$connect)) throw nested();
    return prisma(client as PrismaLike);
  }
  if (are(methods.transaction, methods.executeQuery)) {
    if (methods.isTransaction === true) throw nested();
    return kysely(client as KyselyLike);
  }
  if (are(methods.transaction, methods.execute)) {
    if (are(methods.rollback)) throw nested();
    return drizzle(client as DrizzleLike, isConnection(methods.$client) ? methods.$client : undefined);
  }
  if (are(methods.query)) return pgClient(client);
  throw new AshlarError('usage', {
    message: 'guarded(…) was given no client that it knows.',
    detail: 'It knows a pool or a client of pg, an instance of Kysely or Drizzle, and a PrismaClient.',
    suggestion: 'Pass the client itself: guarded opens the transaction.',
  });
}

type Rows = readonly Readonly<Record<string, unknown>>[];

interface PrismaTransaction {
  $queryRawUnsafe(text: string, ...values: readonly unknown[]): Promise<Rows>;
}

interface PrismaLike {
  $transaction<T>(work: (tx: PrismaTransaction) => Promise<T>, options?: object): Promise<T>;
}

const prisma = (client: PrismaLike): ToolTransactions => ({
  connection: undefined,
  isPooled: true,
  // Prisma rolls back after 5 seconds, and to seal many rows takes longer
  ownOptions: { maxWait: 30_000, timeout: 300_000 },
  transaction: (options, work) =>
    client.$transaction((tx) => work(tx, (text, values) => tx.$queryRawUnsafe(text, ...values)), options),
});

interface CompiledStatement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  readonly query: object;
  readonly queryId: object;
}

interface KyselyTransaction {
  executeQuery(query: CompiledStatement): Promise<{ readonly rows: Rows }>;
}

interface KyselyBuilder {
  setIsolationLevel(level: unknown): KyselyBuilder;
  setAccessMode(mode: unknown): KyselyBuilder;
  execute<T>(work: (trx: KyselyTransaction) => Promise<T>): Promise<T>;
}

interface KyselyLike {
  transaction(): KyselyBuilder;
}

let lastQuery = 0;

/** The statement as Kysely compiles a raw one. */
const compiled = (sql: string, parameters: readonly unknown[]): CompiledStatement => ({
  sql,
  parameters,
  query: { kind: 'RawNode', sqlFragments: [sql], parameters: [] },
  queryId: { queryId: `ashlar-${++lastQuery}` },
});

/**
 * Kysely does not say whether it has a pool: in `db.connection().execute(…)` it has one connection, which others use afterwards. It
 * has a pool as soon as two transactions were open at once.
 */
const kysely = (client: KyselyLike): ToolTransactions => {
  let open = 0;
  let isPooled = false;
  return {
    connection: undefined,
    get isPooled() {
      return isPooled;
    },
    transaction: ({ isolationLevel, accessMode } = {}, work) => {
      let builder = client.transaction();
      if (isolationLevel !== undefined) builder = builder.setIsolationLevel(isolationLevel);
      if (accessMode !== undefined) builder = builder.setAccessMode(accessMode);
      return builder.execute(async (trx) => {
        isPooled ||= open > 0;
        open++;
        try {
          return await work(
            trx,
            async (text, values) => (await trx.executeQuery(compiled(text, values))).rows,
          );
        } finally {
          open--;
        }
      });
    },
  };
};

/** A query as Drizzle takes it from its own `sql`: it asks for the text and the parameters. */
interface DrizzleQuery {
  getSQL(): { toQuery(): { readonly sql: string; readonly params: readonly unknown[] } };
}

interface DrizzleTransaction {
  execute(query: DrizzleQuery): Promise<Rows | { readonly rows: Rows }>;
  /** Not public: what its statements are sent by. */
  readonly session?: { client?: object };
}

interface DrizzleLike {
  transaction<T>(work: (tx: DrizzleTransaction) => Promise<T>, config?: object): Promise<T>;
}

/**
 * Has the object of a transaction refuse what is sent after its end, also by queries that were built before. Drizzle releases the
 * connection of pg after COMMIT; postgres.js sends COMMIT by another object.
 *
 * @returns what is to be called when the work has ended
 */
const endingWith = ({ session }: DrizzleTransaction): (() => void) => {
  if (!session?.client) return () => undefined;
  const releases = are((session.client as { release?: unknown }).release);
  const { object, end } = untilEnd(session.client, 'ends');
  session.client = object;
  return releases ? () => undefined : end;
};

/** @param connection - the only one, where it has no pool: then its transactions send by what the program has as well */
const drizzle = (client: DrizzleLike, connection: object | undefined): ToolTransactions => ({
  connection,
  isPooled: connection === undefined,
  transaction: async (options, work) => {
    if (isInTransaction(connection)) throw nested();
    return client.transaction((tx) => {
      const onEnd = connection === undefined ? endingWith(tx) : () => undefined;
      const run: RunIn = async (sql, params) => {
        const answer = await tx.execute({ getSQL: () => ({ toQuery: () => ({ sql, params }) }) });
        // postgres.js answers with an array, node-postgres with a result
        return 'rows' in answer ? answer.rows : answer;
      };
      return work(tx, run).finally(onEnd);
    }, options);
  },
});

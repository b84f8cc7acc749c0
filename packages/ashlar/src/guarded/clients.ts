import { AshlarError } from '../errors.js';
import { pgClient } from './pg-client.js';
import type { RunIn, ToolTransactions } from './types.js';
import { aborted, nested } from './usage.js';

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
  readonly $client?: { readonly totalCount?: unknown };
}

/** Whether the client of a driver is a pool: that of pg counts its connections, and that of postgres.js is a function. */
const isPool = (client: Methods['$client']): boolean =>
  typeof client === 'function' || client?.totalCount !== undefined;

const are = (...methods: readonly unknown[]): boolean => methods.every((each) => typeof each === 'function');

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
    return drizzle(client as DrizzleLike, isPool(methods.$client));
  }
  if (are(methods.query)) return pgClient(client);
  throw new AshlarError('usage', {
    message: 'guarded(…) was given no client that it knows.',
    detail: 'It knows a pool or a client of pg, an instance of Kysely or Drizzle, and a PrismaClient.',
    suggestion: 'Pass the client itself: guarded opens the transaction.',
  });
}

type Rows = readonly Readonly<Record<string, unknown>>[];

/** Runs `work`, and throws where its transaction has failed: these tools call a COMMIT that rolled back a success. */
const unfailed = async <T>(work: Promise<T>, run: RunIn): Promise<T> => {
  const result = await work;
  await run('SELECT 1 AS one', []).catch((error: unknown) => {
    throw aborted(error);
  });
  return result;
};

interface PrismaTransaction {
  $queryRawUnsafe(text: string, ...values: readonly unknown[]): Promise<Rows>;
}

interface PrismaLike {
  $transaction<T>(work: (tx: PrismaTransaction) => Promise<T>, options?: object): Promise<T>;
}

const prisma = (client: PrismaLike): ToolTransactions => ({
  isPooled: true,
  transaction: (options, work) =>
    client.$transaction((tx) => {
      const run: RunIn = (text, values) => tx.$queryRawUnsafe(text, ...values);
      return unfailed(work(tx, run), run);
    }, options),
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

const kysely = (client: KyselyLike): ToolTransactions => ({
  isPooled: true,
  transaction: ({ isolationLevel, accessMode } = {}, work) => {
    let builder = client.transaction();
    if (isolationLevel !== undefined) builder = builder.setIsolationLevel(isolationLevel);
    if (accessMode !== undefined) builder = builder.setAccessMode(accessMode);
    return builder.execute((trx) => {
      const run: RunIn = async (text, values) => (await trx.executeQuery(compiled(text, values))).rows;
      return unfailed(work(trx, run), run);
    });
  },
});

/** A query as Drizzle takes it from its own `sql`: it asks for the text and the parameters. */
interface DrizzleQuery {
  getSQL(): { toQuery(): { readonly sql: string; readonly params: readonly unknown[] } };
}

interface DrizzleTransaction {
  execute(query: DrizzleQuery): Promise<Rows | { readonly rows: Rows }>;
}

interface DrizzleLike {
  transaction<T>(work: (tx: DrizzleTransaction) => Promise<T>, config?: object): Promise<T>;
}

const drizzle = (client: DrizzleLike, isPooled: boolean): ToolTransactions => ({
  isPooled,
  transaction: (options, work) =>
    client.transaction((tx) => {
      const run: RunIn = async (sql, params) => {
        const answer = await tx.execute({ getSQL: () => ({ toQuery: () => ({ sql, params }) }) });
        // postgres.js answers with an array, node-postgres with a result
        return 'rows' in answer ? answer.rows : answer;
      };
      return unfailed(work(tx, run), run);
    }, options),
});

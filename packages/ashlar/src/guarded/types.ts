/** Runs one statement in the transaction of a tool, and returns its rows. Each value is a text or a boolean. */
export type RunIn = (
  text: string,
  values: readonly unknown[],
) => Promise<readonly Readonly<Record<string, unknown>>[]>;

/** How `guarded` gives a transaction to pg, Kysely and Drizzle. */
export interface PlainTransaction {
  /** Default: that of the database, usually `read committed`. */
  readonly isolationLevel?: 'read committed' | 'repeatable read' | 'serializable';
  /** Default: `read write`. */
  readonly accessMode?: 'read only' | 'read write';
}

/** How transactions of another tool begin and run statements. */
export interface ToolTransactions {
  /** The only connection, where the client has no pool: no two transactions can be open on it. */
  readonly connection: object | undefined;
  /** Whether each transaction is known to have a connection of its own, so that one in the background disturbs no other. */
  readonly isPooled: boolean;
  /** The options of transactions of Ashlar's own. Default: none. */
  readonly ownOptions?: object;
  /**
   * Runs `work` in a transaction of the tool, which commits when `work` returns and rolls back when it throws.
   *
   * @param options - passed on to the tool
   * @throws AshlarError `usage` where the connection is in a transaction already
   */
  transaction<T>(
    options: PlainTransaction | undefined,
    work: (tx: object, run: RunIn) => Promise<T>,
  ): Promise<T>;
}

/** What `guarded` says to a compiler about a client that it does not know. */
export interface UnknownClient {
  readonly 'guarded(…) takes a Pool or Client of pg, a Kysely, a Drizzle database on PostgreSQL, or a PrismaClient': never;
}

/** The transaction that a client gives to the callback of `guarded`: the tool's own type. */
export type TransactionOf<C> = C extends {
  $transaction(work: (tx: infer Tx) => Promise<unknown>, options?: never): unknown;
  $queryRawUnsafe: unknown;
}
  ? Tx
  : C extends {
        transaction(): { execute(work: (tx: infer Tx) => Promise<unknown>): unknown };
        executeQuery: unknown;
      }
    ? Tx
    : C extends {
          transaction(work: (tx: infer Tx) => Promise<unknown>, config?: never): unknown;
          execute: unknown;
        }
      ? Tx
      : C extends {
            connect: { (): Promise<infer Pooled>; (callback: never): void };
            query: unknown;
            totalCount: number;
          }
        ? Pooled
        : C extends { connect: unknown; query: unknown }
          ? C
          : UnknownClient;

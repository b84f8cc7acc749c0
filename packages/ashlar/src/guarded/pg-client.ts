import { AshlarError } from '../errors.js';
import type { PlainTransaction, RunIn, ToolTransactions } from './types.js';
import { untilEnd } from './until-end.js';
import { aborted, nested } from './usage.js';

interface Connection {
  query(
    text: string,
    values?: readonly unknown[],
  ): Promise<{ readonly rows: Awaited<ReturnType<RunIn>>; readonly command: string }>;
  /** Gives a connection back to its pool; with `true`, closes it. */
  release?(destroy?: boolean): void;
  /** `I` outside of a transaction. Clients of pg before 8.17 do not say. */
  getTransactionStatus?(): string | null;
}

interface Pool extends Connection {
  connect(): Promise<Connection>;
  readonly totalCount: number;
}

const isPool = (client: object): client is Pool => 'totalCount' in client;

const levels = {
  'read committed': 'READ COMMITTED',
  'repeatable read': 'REPEATABLE READ',
  serializable: 'SERIALIZABLE',
} as const;
const modes = { 'read only': 'READ ONLY', 'read write': 'READ WRITE' } as const;

const beginning = ({ isolationLevel, accessMode }: PlainTransaction = {}): string =>
  [
    'BEGIN',
    ...(isolationLevel === undefined ? [] : [`ISOLATION LEVEL ${among(levels, isolationLevel)}`]),
    ...(accessMode === undefined ? [] : [among(modes, accessMode)]),
  ].join(' ');

const among = <K extends string>(known: Readonly<Record<K, string>>, given: K): string => {
  if (Object.hasOwn(known, given)) return known[given];
  throw new AshlarError('usage', {
    message: 'guarded(…) was given options of a transaction that pg does not have.',
    suggestion: `Give one of these: ${Object.keys(known).join(', ')}.`,
  });
};

/** Whether a connection is in a transaction, as far as it says so. */
export function isInTransaction(connection: object | undefined): boolean {
  return ((connection as Connection | undefined)?.getTransactionStatus?.() ?? 'I') !== 'I';
}

/** Returns how a pool or a client of `pg` runs transactions. */
export function pgClient(client: object): ToolTransactions {
  if (isPool(client))
    return { connection: undefined, isPooled: true, transaction: (...call) => onPool(client, ...call) };
  const connection = client as Connection;
  return {
    connection,
    isPooled: false,
    transaction: (options, work) => {
      if (isInTransaction(connection)) throw nested();
      return within(connection, options, work, () => undefined);
    },
  };
}

type Work<T> = (tx: object, run: RunIn) => Promise<T>;

const onPool = async <T>(pool: Pool, options: PlainTransaction | undefined, work: Work<T>): Promise<T> => {
  const connection = await fitConnection(pool);
  let isBroken = false;
  try {
    return await within(connection, options, work, () => {
      isBroken = true;
    });
  } finally {
    connection.release?.(isBroken);
  }
};

/** Takes a connection that is in no transaction: with that of a program that left it open, its work would be committed. */
const fitConnection = async (pool: Pool): Promise<Connection> => {
  for (let others = pool.totalCount; ; others--) {
    const connection = await pool.connect();
    if (!isInTransaction(connection)) return connection;
    connection.release?.(true);
    if (others <= 0) throw nested();
  }
};

/** @param onBroken - called when the connection may still be in the transaction */
const within = async <T>(
  connection: Connection,
  options: PlainTransaction | undefined,
  work: Work<T>,
  onBroken: () => void,
): Promise<T> => {
  const beginsWith = beginning(options);
  const { object, end } = untilEnd(connection, 'refuses');
  let result: T;
  try {
    await connection.query(beginsWith);
    result = await work(object, async (text, values) => (await connection.query(text, values)).rows).finally(
      end,
    );
  } catch (error) {
    await connection.query('ROLLBACK').catch(onBroken);
    throw error;
  }
  const { command } = await connection.query('COMMIT').catch((error: unknown) => {
    onBroken();
    throw error;
  });
  if (command === 'COMMIT') return result;
  throw aborted();
};

import type { PlainTransaction, RunIn, ToolTransactions } from './types.js';
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
    ...(isolationLevel === undefined ? [] : [`ISOLATION LEVEL ${levels[isolationLevel]}`]),
    ...(accessMode === undefined ? [] : [modes[accessMode]]),
  ].join(' ');

/** Returns how a pool or a client of `pg` runs transactions. */
export function pgClient(client: object): ToolTransactions {
  if (isPool(client)) return { isPooled: true, transaction: (...call) => onPool(client, ...call) };
  const connection = client as Connection;
  return {
    isPooled: false,
    transaction: (options, work) => {
      const status = connection.getTransactionStatus?.() ?? 'I';
      if (status !== 'I') throw nested();
      return within(connection, options, work, () => undefined);
    },
  };
}

type Work<T> = (tx: object, run: RunIn) => Promise<T>;

const onPool = async <T>(pool: Pool, options: PlainTransaction | undefined, work: Work<T>): Promise<T> => {
  const connection = await pool.connect();
  let isBroken = false;
  try {
    return await within(connection, options, work, () => {
      isBroken = true;
    });
  } finally {
    connection.release?.(isBroken);
  }
};

/** @param onBroken - called when the connection may still be in the transaction */
const within = async <T>(
  connection: Connection,
  options: PlainTransaction | undefined,
  work: Work<T>,
  onBroken: () => void,
): Promise<T> => {
  let result: T;
  try {
    await connection.query(beginning(options));
    result = await work(connection, async (text, values) => (await connection.query(text, values)).rows);
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

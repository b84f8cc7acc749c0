import { PostgresAdapter, PostgresQueryCompiler } from 'kysely';
import type { Column } from '../../table/index.js';
import type { Engine, OpenOptions, Owner, QueryResult, TransactionOptions } from '../engine.js';
import type { Lease, Leases, Reply } from './channel.js';
import { decodeReply } from './decode.js';
import { postgresDialect } from './dialect.js';
import { isConnectionLost, isStaleStatement, translated } from './errors.js';
import { introspect } from './introspect.js';
import type { KeptConnection } from './kept-connection.js';
import { owned } from './owner.js';
import { wireValues } from './parameters.js';
import { partitions } from './partitions.js';
import { Settler } from './settler.js';
import { isKept, isPlainRead } from './statement-kind.js';
import { type Hooks, PostgresTransaction } from './transaction.js';

/** What a server and the embedded engine do differently. */
export interface Backend {
  readonly label: string;
  /** Without password. */
  readonly url: string;
  readonly leases: Leases;
  /**
   * The connection for what guarantees do after commits; `undefined` where there is only one connection, so that they
   * do it in each transaction before it commits.
   */
  readonly settling: KeptConnection | undefined;
  /** A connection for changes of the schema. */
  takeOwner(): Promise<Lease>;
  /** Keeps other processes out while `work` runs. @throws AshlarError `migration-locked` */
  exclusively<T>(owner: Owner, lockTimeout: number, work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const encode = (column: Column, value: unknown): unknown => {
  if (column.kind !== 'json') return value;
  // SQL's NULL where the column is nullable, else JSON's null
  return value === null && column.nullable ? null : JSON.stringify(value);
};

const readAttempts = 3;

const readOnce = async ({ channel }: Lease, sql: string, parameters: readonly unknown[]): Promise<Reply> => {
  const request = { text: sql, values: wireValues(parameters), keep: isKept(sql) && parameters.length > 0 };
  if (isPlainRead(sql)) return channel.send(request);
  const [, answer] = await Promise.allSettled([
    channel.send({ text: 'BEGIN READ ONLY' }),
    channel.send(request),
    channel.send({ text: 'ROLLBACK' }),
  ]);
  if (answer.status === 'rejected') throw answer.reason;
  return answer.value;
};

const read = async (leases: Leases, sql: string, parameters: readonly unknown[]): Promise<QueryResult> => {
  for (let attempt = 1; ; attempt++) {
    const lease = await leases.take();
    let isUnfit = false;
    try {
      return decodeReply(await readOnce(lease, sql, parameters));
    } catch (error) {
      isUnfit = isConnectionLost(error) || isStaleStatement(error);
      if (!isUnfit || attempt === readAttempts) throw error;
    } finally {
      lease.release(isUnfit);
    }
  }
};

/** The engine over a server's pool or the embedded engine. */
export const postgresEngine = (backend: Backend, options: OpenOptions): Engine => {
  const { leases } = backend;
  const settler = new Settler(backend.settling ?? leases);
  const hooks: Hooks = backend.settling
    ? { afterCommit: () => settler.soon() }
    : { beforeCommit: (channel) => settler.within(channel) };
  const timed = async <T>(sql: string, work: () => Promise<T>): Promise<T> => {
    const start = performance.now();
    try {
      return await work();
    } finally {
      options.onStatement?.(sql, performance.now() - start);
    }
  };
  return {
    dialect: postgresDialect,
    label: backend.label,
    url: backend.url,
    encrypted: false,
    kysely: { adapter: () => new PostgresAdapter(), compiler: () => new PostgresQueryCompiler() },
    sync: undefined,
    register: (tables) => settler.register(tables),
    encode,
    begin: async (transaction: TransactionOptions) => {
      const lease = await leases.take();
      try {
        return new PostgresTransaction(
          leases,
          lease,
          transaction,
          options.onStatement,
          transaction.mode === 'write' && !settler.idle ? hooks : {},
        );
      } catch (error) {
        lease.release();
        throw error;
      }
    },
    read: (sql, parameters) => timed(sql, () => translated(() => read(leases, sql, parameters))),
    asOwner: async (work, { exclusive = false, lockTimeout = 30_000 } = {}) => {
      const lease = await backend.takeOwner();
      try {
        const owner = owned(lease.channel, options.onStatement, hooks);
        return exclusive
          ? await backend.exclusively(owner, lockTimeout, () => work(owner))
          : await work(owner);
      } finally {
        lease.release();
        settler.forget();
        settler.soon();
      }
    },
    introspect,
    partitions,
    settle: () => settler.all(),
    close: async () => {
      await settler.close();
      await backend.settling?.close();
      await backend.close();
    },
  };
};

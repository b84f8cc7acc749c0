import type { ValueForm } from '../../contract/column.js';
import type { Engine } from '../../contract/engine.js';
import type { GuardedTable } from '../../contract/guarantee.js';
import type { OpenOptions } from '../../contract/open-options.js';
import type { Owner } from '../../contract/owner.js';
import type { ConnectedRole } from '../../contract/roles.js';
import type { Snapshot } from '../../contract/snapshot.js';
import type { TransactionOptions } from '../../contract/transaction.js';
import { everyScope } from '../../model/index.js';
import { arrayLiteral } from '../array-literal.js';
import { unlimitedStatements } from '../refusal.js';
import { reporter } from '../report.js';
import { openBulkReader } from './bulk/reader.js';
import { bulkWriter, type OpenCopy } from './bulk/writer.js';
import { describe } from './catalogue/describe.js';
import { inScratch } from './catalogue/scratch.js';
import { postgresDialect } from './dialect.js';
import { rewriteTables } from './rewrite-tables.js';
import { noCopies } from './schema/external.js';
import { introspect } from './schema/introspect.js';
import { partitions } from './schema/partitions.js';
import { type ConnectionFacts, readConnectionFacts } from './session/connected-role.js';
import type { ContextSigner } from './session/context-signer.js';
import { ownerOf } from './session/owner.js';
import { read } from './session/read.js';
import { Sealer } from './session/sealer.js';
import { PostgresTransaction } from './session/transaction.js';
import type { Hooks } from './session/transaction-parts.js';
import type { TransactionSettings } from './session/transaction-settings.js';
import type { Lease, Leases } from './wire/channel.js';
import { ColumnCodecs } from './wire/column-codecs.js';
import { decodeReply } from './wire/decode.js';
import { Lasting } from './wire/lasting.js';
import { Refusals } from './wire/refusals.js';
import { reported } from './wire/report.js';
import type { SharedConnection } from './wire/shared-connection.js';
import { assertAllowed } from './wire/statement-kind.js';

/** The parts of the PostgreSQL engine that differ between a server and PGlite. */
export interface Backend {
  readonly label: string;
  /** The URL of the database, without the password. */
  readonly url: string;
  readonly leases: Leases;
  /** Whether statements can be cancelled, so that they can have a time limit. */
  readonly limitsStatements: boolean;
  /**
   * The connection that seals ledgers after commits; `undefined` if the engine has only one connection, so that each
   * transaction must seal its rows before it commits.
   */
  readonly sealing: SharedConnection | undefined;
  /** The connected role and its rights, as read when the database was opened. */
  readonly connectedRole: ConnectedRole;
  /** Whether operators or casts of the database may call functions that someone wrote, as read when it was opened. */
  readonly operatorsCall: boolean;
  /** What signs the contexts of sessions, with what the database said of its keys when it was opened. */
  readonly signer: ContextSigner;
  /** What each transaction sets itself; `undefined` where connections keep their settings. */
  readonly settings: TransactionSettings | undefined;
  /** Leases a connection that acts as the schema's owner, for changes of the schema. */
  takeOwner(lockTimeout?: number): Promise<Lease>;
  /** Leases a connection as {@link takeOwner} does, on which COPY reads rows from this process. */
  takeBulk(lockTimeout: number): Promise<Lease & { readonly copy: OpenCopy }>;
  /** Keeps the owner's connection open between the leases that `work` takes; `undefined` if there is one connection. */
  holdOwner?<T>(work: () => Promise<T>): Promise<T>;
  /**
   * Runs `work`, and keeps other processes from migrating the database meanwhile. @throws AshlarError
   * `migration-locked`
   */
  exclusively<T>(owner: Owner, lockTimeout: number, work: () => Promise<T>): Promise<T>;
  /** Calls `work` with a snapshot of the database, as {@link Engine.snapshot} describes. */
  snapshot<T>(work: (snapshot: Snapshot) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const encode = (column: ValueForm, value: unknown): unknown => {
  if (column.kind === 'array') return value === null ? null : arrayLiteral(value as readonly unknown[]);
  if (column.kind !== 'json') return value;
  // SQL NULL for a nullable column, else the JSON value null
  return value === null && column.nullable ? null : JSON.stringify(value);
};

// the wait for a safe snapshot has no setting of the connection
const withLockTimeout = (
  transaction: TransactionOptions,
  { lockTimeout }: OpenOptions,
): TransactionOptions =>
  transaction.deferrable
    ? { ...transaction, lockTimeout: transaction.lockTimeout ?? lockTimeout }
    : transaction;

/** Creates the engine for the connection pool of a PostgreSQL server, or for PGlite. */
export function postgresEngine(backend: Backend, options: OpenOptions): Engine {
  const { leases, signer, settings } = backend;
  const sealer = new Sealer(backend.sealing ?? leases);
  const hooks: Hooks = backend.sealing
    ? { afterCommit: () => sealer.soon() }
    : { beforeCommit: (channel) => sealer.within(channel) };
  const ownerHooks: Hooks = backend.sealing
    ? {}
    : {
        beforeCommit: (channel) => {
          // this transaction itself may have dropped the ledger that was to be sealed
          sealer.forget();
          return sealer.within(channel);
        },
      };
  const refusals = new Refusals();
  const explain = (error: unknown) => refusals.explained(error);
  const codecs = new ColumnCodecs();
  const lasting = new Lasting(backend.operatorsCall);
  let { connectedRole } = backend;
  // the owner's work may have created roles, or objects that need them
  const lookAgain = async ({ channel }: Lease): Promise<void> => {
    const seen: ConnectionFacts | undefined = await readConnectionFacts(channel, options).catch(
      () => undefined,
    );
    if (seen) {
      connectedRole = seen.connectedRole;
      lasting.notice(seen.operatorsCall);
    }
    await backend.signer.learn(channel).catch(() => undefined);
  };
  const report = reporter(options.onStatement, 'postgres');
  const engine: Engine = {
    dialect: postgresDialect,
    label: backend.label,
    url: backend.url,
    encrypted: false,
    kysely: async () => (await import('./query/kysely.js')).kyselyOfPostgres,
    sync: undefined,
    get connectedRole() {
      return connectedRole;
    },
    get context() {
      return signer.state;
    },
    get trustsSettings() {
      return signer.trustsSettings;
    },
    get hasUnusedKey() {
      return signer.isUnused;
    },
    register: (tables: readonly GuardedTable[]) => {
      sealer.register(tables);
      refusals.register(tables);
      codecs.register(tables);
      lasting.register(tables);
    },
    encode,
    assertAllowed,
    begin: async (transaction: TransactionOptions) => {
      if (transaction.statementTimeout !== undefined && !backend.limitsStatements)
        throw unlimitedStatements(backend.label);
      const lease = await leases.take(transaction.lockTimeout);
      try {
        return new PostgresTransaction(leases, lease, withLockTimeout(transaction, options), {
          role: connectedRole.sessionRole,
          refusals,
          codecs,
          report,
          lasting,
          signer,
          settings,
          hooks: transaction.mode === 'write' && !sealer.idle ? hooks : {},
        });
      } catch (error) {
        lease.release();
        throw error;
      }
    },
    read: async (sql, parameters) =>
      decodeReply(
        await reported(report, sql, () =>
          refusals.translated(sql, () =>
            read(
              { leases, codecs, role: connectedRole.sessionRole ?? null, lasting, settings },
              sql,
              parameters,
            ),
          ),
        ),
        codecs.origin,
      ),
    asOwner: async (work, { exclusive = false, lockTimeout = 30_000 } = {}) => {
      const lease = await backend.takeOwner(lockTimeout);
      try {
        const owner = ownerOf(lease.channel, report, { ...ownerHooks, explain, signer });
        return exclusive
          ? await backend.exclusively(owner, lockTimeout, () => work(owner))
          : await work(owner);
      } finally {
        await lookAgain(lease);
        lease.release();
        sealer.forget();
        sealer.soon();
      }
    },
    first: async (sql, parameters) => (await engine.read(sql, parameters)).rows[0],
    holdingOwner: (work) => (backend.holdOwner ? backend.holdOwner(work) : work()),
    introspect: (owner) => introspect(owner, options.guards),
    catalogue: (owner, of = options) => describe(owner, of.guards),
    scratch: inScratch,
    partitions,
    seal: () => sealer.all(),
    vacuum: async (tables) => {
      const lease = await backend.takeOwner();
      try {
        const owner = ownerOf(lease.channel, report, { explain, signer });
        return await rewriteTables(
          owner,
          tables.map(({ name }) => name),
        );
      } finally {
        lease.release();
      }
    },
    snapshot: async (work) => {
      if (options.guards) throw noCopies(options.guards);
      return backend.snapshot(work);
    },
    bulkReader: (to) =>
      openBulkReader(
        async () => engine.begin({ mode: 'read', actor: null, scope: everyScope, asOwner: true }),
        to,
      ),
    bulkWriter: async (work, { lockTimeout = 30_000 } = {}) => {
      const lease = await backend.takeBulk(lockTimeout);
      try {
        // without hooks: the rows of a move are sealed already
        const owner = ownerOf(lease.channel, report, { explain, signer });
        return await backend.exclusively(owner, lockTimeout, () =>
          work(bulkWriter(owner, lease.copy, explain)),
        );
      } finally {
        await lookAgain(lease);
        lease.release();
        sealer.forget();
      }
    },
    close: async () => {
      await sealer.close();
      await backend.sealing?.close();
      await backend.close();
    },
  };
  return engine;
}

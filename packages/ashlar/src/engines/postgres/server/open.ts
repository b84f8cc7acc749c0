import type { Client, ClientConfig } from 'pg';
import type { Engine } from '../../../contract/engine.js';
import type { OpenOptions } from '../../../contract/open-options.js';
import { AshlarError } from '../../../errors.js';
import { defaultLockTimeout } from '../../lock.js';
import { type Backend, postgresEngine } from '../engine.js';
import { actAsOwner, type ConnectionFacts, readConnectionFacts } from '../session/connected-role.js';
import { ContextSigner } from '../session/context-signer.js';
import { type DatabaseSettings, readDatabaseSettings } from '../session/database-settings.js';
import { assertSchema, ensureSchema } from '../session/ensure-schema.js';
import { holding, TransactionSettings } from '../session/transaction-settings.js';
import type { Channel, Lease } from '../wire/channel.js';
import { applicationName } from '../wire/lasting.js';
import { fixedSettings, type Settings, valueSettings, waitSettings } from '../wire/session-settings.js';
import { SharedConnection } from '../wire/shared-connection.js';
import { connectError } from './connect-errors.js';
import { copyFromClient, oneAtATime } from './copy-stream.js';
import { exclusively } from './migration-lock.js';
import { OwnerConnections } from './owner-connections.js';
import { PgChannel } from './pg-channel.js';
import { PoolLeases } from './pool-leases.js';
import { assertDirect, needsDirect } from './pooler.js';
import { serverSnapshot } from './snapshot.js';
import { guardedUrl, type ServerUrl } from './url.js';

const oldestServer = 150_000;

const loadDriver = async () => {
  try {
    return (await import('pg')).default;
  } catch (cause) {
    throw new AshlarError('driver-missing', {
      message: 'The driver for PostgreSQL servers is not installed.',
      suggestion: 'Install it: npm install pg',
      cause,
    });
  }
};

const identity = (text: string): string => text;

const clientConfig = (url: ServerUrl): ClientConfig => ({
  connectionString: url.connection,
  application_name: applicationName,
  keepAlive: true,
  connectionTimeoutMillis: 15_000,
  pipeline: true,
  client_encoding: 'UTF8',
  types: { getTypeParser: () => identity } as unknown as NonNullable<ClientConfig['types']>,
});

// in the startup packet, so that they apply before the first statement, and RESET returns to them
const startupSettings = (url: ServerUrl, options: OpenOptions, ofDatabase: Settings = []): string =>
  [
    ...valueSettings(url.path),
    ...fixedSettings,
    ...ofDatabase,
    ...waitSettings(options.lockTimeout ?? defaultLockTimeout),
  ]
    .map(([name, value]) => `-c ${name}=${value.replace(/[\\ ]/g, '\\$&')}`)
    .join(' ');

// an 'error' event without a listener ends the process; the user of the connection sees its statement fail
const surviveErrors = (client: { on(event: 'error', listener: () => void): unknown }): void => {
  client.on('error', () => undefined);
};

/** How to open a server. */
interface ServerOptions extends OpenOptions {
  /** Whether the schema of the URL may be missing where it is not created. */
  readonly anySchema?: boolean;
  /**
   * Whether the schema was renamed: its functions look for tables under the name that it had, so none of them is called,
   * and no session may begin.
   */
  readonly isRenamed?: boolean;
}

interface FirstLook {
  readonly leases: PoolLeases;
  readonly options: ServerOptions;
  readonly url: ServerUrl;
  readonly signer: ContextSigner;
  readonly settings: TransactionSettings | undefined;
  /** Called with the settings of the database, for connections that keep theirs. */
  readonly learned: (settings: DatabaseSettings) => void;
}

const firstLook = async (look: FirstLook): Promise<ConnectionFacts> => {
  const { leases, options, url, signer, settings } = look;
  const lease = await leases.take();
  const { channel } = lease;
  let isUnfit = false;
  try {
    const seen = await holding(settings, channel, async () => {
      // one packet: the channel pipelines them
      const [facts] = await Promise.all([
        readConnectionFacts(channel, options),
        settings ? settings.learn(channel) : assertDirect(channel, url),
        // it fails where the database is not initialised, which ends the transaction
        settings || options.isRenamed ? undefined : signer.learn(channel),
      ]);
      await assertUsable(channel, facts, options, url);
      return facts;
    });
    if (settings && !options.isRenamed) await holding(settings, channel, () => signer.learn(channel));
    if (!settings) {
      const found = await readSettings(channel);
      look.learned(found);
      // it began with values that the role has given itself
      isUnfit = found.differ;
    }
    return seen;
  } finally {
    lease.release(isUnfit);
  }
};

const readSettings = async (channel: Channel): Promise<DatabaseSettings> => {
  const [, found] = await Promise.all([
    channel.send({ text: 'BEGIN READ ONLY' }),
    readDatabaseSettings(channel),
    channel.send({ text: 'ROLLBACK' }),
  ]);
  return found;
};

const assertUsable = async (
  channel: Channel,
  { version, versionNumber }: ConnectionFacts,
  options: ServerOptions,
  { schema }: ServerUrl,
): Promise<void> => {
  if (versionNumber < oldestServer) {
    throw new AshlarError('server-too-old', {
      message: `The server is PostgreSQL ${version}.`,
      detail: 'Ashlar needs PostgreSQL 15 or newer.',
      suggestion: 'Upgrade the server.',
    });
  }
  if (options.create === false && !options.anySchema) await assertSchema(channel, schema);
};

/**
 * Connects to a PostgreSQL server. `?schema=NAME` in the URL chooses the schema; default `public`. `?pooled=true` says
 * that a pooler gives each transaction another connection; without it, a pooler is detected by what it answers.
 *
 * @throws AshlarError `url-invalid`, `driver-missing`, `connection-refused`, `authentication-failed`,
 *   `database-missing`, `server-too-old`, `pooler-unfit`
 */
export async function openPostgres(options: ServerOptions): Promise<Engine> {
  const url = guardedUrl(options.url, options.guards);
  if (url.pooled) return openAs(options, url, 'pooled');
  try {
    return await openAs(options, url, 'direct');
  } catch (error) {
    const isPooler = error instanceof AshlarError && error.code === 'pooler-unfit';
    if (url.pooled === false || !isPooler) throw error;
    return openAs(options, url, 'pooled', error.detail);
  }
}

/** @param reason - how the pooler was detected */
const openAs = async (
  options: ServerOptions,
  url: ServerUrl,
  kind: 'direct' | 'pooled',
  reason?: string,
): Promise<Engine> => {
  const isPooled = kind === 'pooled';
  const lockTimeout = options.lockTimeout ?? defaultLockTimeout;
  const driver = await loadDriver();
  const config = clientConfig(url);
  const settings = isPooled ? new TransactionSettings(url.path, lockTimeout) : undefined;
  // Pool exposes its options, and does not pass `pipeline` on: the client has its own
  let ofDatabase: Settings = [];
  class AshlarClient extends driver.Client {
    constructor(own: Partial<typeof config> = {}) {
      super({
        ...config,
        ...(isPooled ? {} : { options: startupSettings(url, options, ofDatabase) }),
        ...own,
      });
      // the driver leaves the codes of # & ? / @ in a name as they are
      if (new URL(url.connection).pathname.length > 1)
        for (const part of [this, Reflect.get(this, 'connectionParameters') as unknown as object])
          Reflect.set(part, 'database', url.database);
      // a client that fails to connect keeps its socket open, and the server waits a minute for it
      this.connection.once('error', () => this.connection.stream.destroy());
    }
  }
  const connections = Math.max(1, options.connections ?? 10);
  const pool = new driver.Pool({ Client: AshlarClient, max: connections, idleTimeoutMillis: 30_000 });
  pool.on('error', () => undefined);
  pool.on('connect', surviveErrors);
  const leases = new PoolLeases({
    pool,
    url,
    connections,
    lockTimeout,
    isPooled,
    unused: () => new AshlarClient(),
  });
  const signer = new ContextSigner(options);
  try {
    const { version, connectedRole, operatorsCall } = await firstLook({
      leases,
      options,
      url,
      signer,
      settings,
      learned: ({ own }) => {
        ofDatabase = own;
      },
    });
    const open = (prepare?: (channel: Channel) => Promise<void>) =>
      openAlone({ client: new AshlarClient(), url, isPooled, prepare });
    const prepareOwner = async (channel: Channel): Promise<void> => {
      try {
        if (options.create ?? true) await ensureSchema(channel, url.schema);
        await actAsOwner(channel);
      } catch (error) {
        throw connectError(error, url);
      }
    };
    const owners = new OwnerConnections(
      () => open(),
      ({ channel }) => prepareOwner(channel),
    );
    const backend: Backend = {
      label: `PostgreSQL ${version}`,
      url: url.shown,
      leases,
      limitsStatements: true,
      connectedRole,
      operatorsCall,
      signer,
      settings,
      sealing: new SharedConnection(async () => sealingAlone(await open(), settings)),
      takeOwner: async () => {
        if (isPooled) throw needsDirect(url, reason);
        return owners.take();
      },
      takeBulk: async () => {
        if (isPooled) throw needsDirect(url, reason);
        // COPY takes over the connection, so that nothing else may be under way on it
        const client = new AshlarClient({ pipeline: false });
        const lease = await openAlone({ client, url, isPooled });
        const channel = oneAtATime(lease.channel);
        try {
          await prepareOwner(channel);
        } catch (error) {
          lease.release();
          throw error;
        }
        return { ...lease, channel, copy: copyFromClient(client) };
      },
      holdOwner: (work) => owners.hold(work),
      exclusively: exclusively(url.schema),
      snapshot: async (work) => {
        if (isPooled) throw needsDirect(url, reason);
        const lease = await open(actAsOwner);
        try {
          return await serverSnapshot(lease.channel, options, work);
        } finally {
          lease.release();
        }
      },
      close: () => leases.close(),
    };
    return postgresEngine(backend, options);
  } catch (error) {
    await leases.close();
    throw connectError(error, url);
  }
};

/** A connection that seals: behind a pooler, each call is a transaction that brings its settings. */
const sealingAlone = (lease: Lease, settings: TransactionSettings | undefined): Lease =>
  settings ? { ...lease, channel: settings.alone(lease.channel, { mode: 'write', role: null }) } : lease;

interface OpenAlone {
  readonly client: Client;
  readonly url: ServerUrl;
  readonly isPooled: boolean;
  readonly prepare?: ((channel: Channel) => Promise<void>) | undefined;
}

/** Opens a connection outside the pool, which is closed when it is released. */
const openAlone = async ({ client, url, isPooled, prepare }: OpenAlone): Promise<Lease> => {
  surviveErrors(client);
  try {
    await client.connect();
    const channel = new PgChannel(client, isPooled);
    await prepare?.(channel);
    return { channel, release: () => void client.end().catch(() => undefined) };
  } catch (error) {
    await client.end().catch(() => undefined);
    throw connectError(error, url);
  }
};

import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, ClientConfig } from 'pg';
import type { Engine } from '../../../contract/engine.js';
import type { OpenOptions } from '../../../contract/open-options.js';
import type { Owner } from '../../../contract/owner.js';
import { AshlarError } from '../../../errors.js';
import { identifier } from '../../../model/index.js';
import { defaultLockTimeout } from '../../lock.js';
import { type Backend, postgresEngine } from '../engine.js';
import { actAsOwner, type ConnectionFacts, readConnectionFacts } from '../session/connected-role.js';
import { ContextSigner } from '../session/context-signer.js';
import type { Channel, Lease } from '../wire/channel.js';
import { decodeRows, storedForm } from '../wire/decode.js';
import { valueSettings, waitSettings } from '../wire/session-settings.js';
import { SharedConnection } from '../wire/shared-connection.js';
import { connectError } from './connect-errors.js';
import { copyFromClient, oneAtATime } from './copy-stream.js';
import { OwnerConnections } from './owner-connections.js';
import { PgChannel } from './pg-channel.js';
import { PoolLeases } from './pool-leases.js';
import { assertSettings } from './pooler.js';
import { serverSnapshot } from './snapshot.js';
import { parseServerUrl, type ServerUrl } from './url.js';

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

const clientConfig = (url: ServerUrl, options: OpenOptions): ClientConfig => ({
  connectionString: url.connection,
  application_name: 'ashlar',
  keepAlive: true,
  connectionTimeoutMillis: 15_000,
  pipeline: true,
  client_encoding: 'UTF8',
  // in the startup packet, so that they apply before the first statement, and RESET returns to them
  options: [...valueSettings(url.schema), ...waitSettings(options.lockTimeout ?? defaultLockTimeout)]
    .map(([name, value]) => `-c ${name}=${value.replace(/[\\ ]/g, '\\$&')}`)
    .join(' '),
  types: { getTypeParser: () => identity } as unknown as NonNullable<ClientConfig['types']>,
});

// an 'error' event without a listener ends the process; the user of the connection sees its statement fail
const surviveErrors = (client: { on(event: 'error', listener: () => void): unknown }): void => {
  client.on('error', () => undefined);
};

/** How to open a server. */
interface ServerOptions extends OpenOptions {
  /** Whether the schema of the URL may be missing where it is not created. */
  readonly anySchema?: boolean;
}

const firstLook = async (
  leases: PoolLeases,
  options: ServerOptions,
  { schema }: ServerUrl,
  signer: ContextSigner,
): Promise<ConnectionFacts> => {
  const lease = await leases.take();
  try {
    // one packet: the channel pipelines them
    const [seen] = await Promise.all([
      readConnectionFacts(lease.channel, options),
      assertSettings(lease.channel, schema),
      signer.learn(lease.channel),
    ]);
    if (seen.versionNumber < oldestServer) {
      throw new AshlarError('server-too-old', {
        message: `The server is PostgreSQL ${seen.version}.`,
        detail: 'Ashlar needs PostgreSQL 15 or newer.',
        suggestion: 'Upgrade the server.',
      });
    }
    if (options.create === false && !options.anySchema && !(await hasSchema(lease.channel, schema))) {
      throw new AshlarError('database-missing', {
        message: `The schema ${schema} does not exist in this database.`,
        suggestion: 'Create the schema with `ashlar up`.',
      });
    }
    return seen;
  } finally {
    lease.release();
  }
};

const hasSchema = async (channel: Channel, schema: string): Promise<boolean> => {
  const found = await channel.send({
    text: 'SELECT 1 FROM pg_namespace WHERE nspname = $1',
    values: [schema],
  });
  return decodeRows(found, storedForm).length > 0;
};

const ensureSchema = async (channel: Channel, schema: string): Promise<void> => {
  // CREATE SCHEMA IF NOT EXISTS needs the privilege even if the schema exists
  if (!(await hasSchema(channel, schema)))
    await channel.send({ text: `CREATE SCHEMA IF NOT EXISTS ${identifier(schema)}` });
};

const lockPoll = 100;

const exclusively =
  (schema: string): Backend['exclusively'] =>
  async (owner: Owner, lockTimeout, work) => {
    const key = [`ashlar migrations ${schema}`];
    const deadline = Date.now() + lockTimeout;
    for (;;) {
      const [row] = await owner.run('SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS locked', key);
      if (row?.locked) break;
      if (Date.now() >= deadline) {
        throw new AshlarError('migration-locked', {
          message: 'Another process is migrating this database.',
          detail: `The other process held the migration lock for longer than ${lockTimeout} ms.`,
          suggestion: 'Wait until the other process has finished, then run the command again.',
        });
      }
      await sleep(Math.min(lockPoll, Math.max(1, deadline - Date.now())));
    }
    try {
      return await work();
    } finally {
      // if this fails, the lock ends with the connection
      await owner.run('SELECT pg_advisory_unlock(hashtextextended($1, 0))', key).catch(() => undefined);
    }
  };

/**
 * Connects to a PostgreSQL server. `?schema=NAME` in the URL chooses the schema; default `public`.
 *
 * @throws AshlarError `url-invalid`, `driver-missing`, `connection-refused`, `authentication-failed`,
 *   `database-missing`, `server-too-old`, `pooler-unfit`
 */
export async function openPostgres(options: ServerOptions): Promise<Engine> {
  const url = parseServerUrl(options.url);
  const driver = await loadDriver();
  const config = clientConfig(url, options);
  // Pool exposes its options, and does not pass `pipeline` on: the client has its own
  class AshlarClient extends driver.Client {
    constructor(own: Partial<typeof config> = {}) {
      super({ ...config, ...own });
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
    lockTimeout: options.lockTimeout ?? defaultLockTimeout,
    unused: () => new AshlarClient(),
  });
  const signer = new ContextSigner(options.scopeKey);
  try {
    const { version, connectedRole } = await firstLook(leases, options, url, signer);
    const prepareOwner = async (channel: Channel): Promise<void> => {
      try {
        if (options.create ?? true) await ensureSchema(channel, url.schema);
        await actAsOwner(channel);
      } catch (error) {
        throw connectError(error, url);
      }
    };
    const owners = new OwnerConnections(
      () => openAlone(new AshlarClient(), url),
      ({ channel }) => prepareOwner(channel),
    );
    const backend: Backend = {
      label: `PostgreSQL ${version}`,
      url: url.shown,
      leases,
      limitsStatements: true,
      connectedRole,
      signer,
      sealing: new SharedConnection(() => openAlone(new AshlarClient(), url)),
      takeOwner: () => owners.take(),
      takeBulk: async () => {
        // COPY takes over the connection, so that nothing else may be under way on it
        const client = new AshlarClient({ pipeline: false });
        const lease = await openAlone(client, url);
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
        const lease = await openAlone(new AshlarClient(), url, actAsOwner);
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
    throw error;
  }
}

/** Opens a connection outside the pool, which is closed when it is released. */
const openAlone = async (
  client: Client,
  url: ServerUrl,
  prepare: (channel: PgChannel) => Promise<void> = async () => undefined,
): Promise<Lease> => {
  surviveErrors(client);
  try {
    await client.connect();
    const channel = new PgChannel(client);
    await prepare(channel);
    return { channel, release: () => void client.end().catch(() => undefined) };
  } catch (error) {
    await client.end().catch(() => undefined);
    throw connectError(error, url);
  }
};

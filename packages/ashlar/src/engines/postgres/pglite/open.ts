import { access, constants, mkdir } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PGlite } from '@electric-sql/pglite';
import type { Engine } from '../../../contract/engine.js';
import type { OpenOptions } from '../../../contract/open-options.js';
import { AshlarError } from '../../../errors.js';
import { fileFailure } from '../../../files/failure.js';
import { defaultLockTimeout, Lock, lostContext } from '../../lock.js';
import { reporter } from '../../report.js';
import { type Backend, postgresEngine } from '../engine.js';
import { actAsOwner, readConnectionFacts } from '../session/connected-role.js';
import { ContextSigner } from '../session/context-signer.js';
import { assertSchema, ensureSchema } from '../session/ensure-schema.js';
import type { Lease, Leases } from '../wire/channel.js';
import { asAshlarError } from '../wire/errors.js';
import { resetConnection } from '../wire/lasting.js';
import { PgliteChannel } from './channel.js';
import { copyFromBlob } from './copy-blob.js';
import { lockDirectory } from './directory-lock.js';
import { finishReplacing } from './directory-replace.js';
import { type OpenData, openInMemory } from './emptied.js';
import { pgliteSnapshot } from './snapshot.js';
import { type CreatedPglite, createPglite, usualPath } from './template.js';

/**
 * Creates the folder of a database if `create` is set, and checks that it is writable.
 *
 * @throws AshlarError `directory-missing`
 */
export async function prepareDirectory(directory: string, create: boolean): Promise<void> {
  try {
    if (create) await mkdir(directory, { recursive: true });
    await access(`${directory}${sep}`, constants.W_OK);
  } catch (cause) {
    throw new AshlarError('directory-missing', {
      message: `The folder ${directory} cannot be used for a database.`,
      detail: `It ${create ? 'cannot be created or written' : 'does not exist or cannot be written'} (${(cause as NodeJS.ErrnoException).code}).`,
      suggestion: 'Choose a writable folder that contains nothing else.',
      cause,
    });
  }
}

const leasesOf = (channel: PgliteChannel, lock: Lock, usual: number): Leases => ({
  take: async (lockTimeout = usual): Promise<Lease> => ({
    channel,
    release: lock.tryAcquire() ?? (await lock.acquire(lockTimeout, () => connectionTaken(lockTimeout))),
  }),
});

const connectionTaken = (lockTimeout: number): AshlarError =>
  new AshlarError('lock-timeout', {
    message: 'Another session of this process uses the only connection to the database.',
    detail: `It did not end within ${lockTimeout} ms.`,
    suggestion: `Make sessions shorter, or raise lockTimeout. ${lostContext}`,
  });

const databaseClosed = (): AshlarError =>
  new AshlarError('database-closed', {
    message: 'The database is closed.',
    suggestion: 'Await all work before closing the database.',
  });

// owner and sessions share the one connection
const reset = async (channel: PgliteChannel): Promise<void> => {
  channel.role = null;
  await channel.send({ text: resetConnection() });
};

/**
 * Opens a PGlite database, in a folder or in memory. It has one connection; transactions queue.
 *
 * @param directory - the data folder; `undefined` for memory
 * @param content - the tar of a data folder, for an empty folder or memory
 * @throws AshlarError `driver-missing`, `directory-missing`, `database-missing`, `database-locked`, `database-corrupt`, `disk-full`,
 *   `privilege-missing`, `file-failed`
 */
export async function openPglite(
  options: OpenOptions,
  directory: string | undefined,
  content?: Blob,
): Promise<Engine> {
  const place = directory === undefined ? undefined : resolve(directory);
  if (place !== undefined) await prepareDirectory(place, options.create ?? true);
  const lock = place === undefined ? undefined : await lockDirectory(place);
  let database: PGlite | undefined;
  try {
    if (place !== undefined) await finishReplacing(place);
    const { made, close } = await openData(place, options, content);
    database = made.database;
    return await pgliteEngine(made, options, async (isInUse) => {
      await close(isInUse);
      await lock?.release();
    });
  } catch (error) {
    await database?.close();
    await lock?.release();
    throw asAshlarError(place === undefined ? error : fileFailure(place, error));
  }
}

const openData = async (
  place: string | undefined,
  { create = true, guards }: OpenOptions,
  content: Blob | undefined,
): Promise<OpenData> => {
  const path = guards ? [guards.own, guards.schema] : usualPath;
  if (place === undefined && content === undefined) return openInMemory(path);
  const made = await createPglite(place, { create, content, path });
  return { made, close: () => made.database.close() };
};

/**
 * Creates the engine for an open PGlite database.
 *
 * @param close - called once, when the engine is closed and its last transaction has ended, or the lock timeout is over;
 *   in the latter case the transaction still uses the database
 */
export async function pgliteEngine(
  made: CreatedPglite,
  options: OpenOptions,
  close: (isInUse: boolean) => Promise<void>,
): Promise<Engine> {
  const channel = new PgliteChannel(made.database);
  const turns = new Lock();
  const lockTimeout = options.lockTimeout ?? defaultLockTimeout;
  const leases = leasesOf(channel, turns, lockTimeout);
  const { version, connectedRole, operatorsCall } = await readConnectionFacts(channel, options);
  const { guards, create = true } = options;
  if (guards && !create) await assertSchema(channel, guards.own);
  const signer = new ContextSigner(options);
  await signer.learn(channel);
  const takeOwner = async (longest?: number): Promise<Lease> => {
    const lease = await leases.take(longest);
    try {
      await reset(channel);
      if (guards && create) await ensureSchema(channel, guards.own);
      await actAsOwner(channel);
    } catch (error) {
      lease.release();
      throw error;
    }
    return {
      channel,
      release: () => {
        void reset(channel).catch(() => undefined);
        // the owner may have changed the schema of prepared statements
        channel.forget();
        lease.release();
      },
    };
  };
  const closeInTurn = async (): Promise<void> => {
    turns.close(databaseClosed);
    const deadline = performance.now() + lockTimeout;
    while (turns.held && performance.now() < deadline) await sleep(5);
    await close(turns.held);
  };
  let closing: Promise<void> | undefined;
  const backend: Backend = {
    label: `PGlite ${made.version} (PostgreSQL ${version})`,
    url: options.url,
    leases,
    limitsStatements: false,
    sealing: undefined,
    connectedRole,
    operatorsCall,
    signer,
    settings: undefined,
    takeOwner,
    takeBulk: async (longest) => ({
      ...(await takeOwner(longest)),
      copy: copyFromBlob(made.database, channel),
    }),
    exclusively: (_owner, _lockTimeout, work) => work(),
    snapshot: (work) =>
      pgliteSnapshot(made.database, takeOwner, reporter(options.onStatement, 'postgres'), work),
    close: () => {
      closing ??= closeInTurn();
      return closing;
    },
  };
  return postgresEngine(backend, options);
}

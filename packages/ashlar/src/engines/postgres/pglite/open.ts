import { access, constants, mkdir } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import type { PGlite } from '@electric-sql/pglite';
import type { Engine } from '../../../contract/engine.js';
import type { OpenOptions } from '../../../contract/open-options.js';
import { AshlarError } from '../../../errors.js';
import { type Backend, postgresEngine } from '../engine.js';
import { actAsOwner, readConnectionFacts, setRole } from '../session/connected-role.js';
import type { Lease } from '../wire/channel.js';
import { asAshlarError } from '../wire/errors.js';
import { Queue } from '../wire/queue.js';
import { PgliteChannel } from './channel.js';
import { lockDirectory } from './directory-lock.js';
import { finishReplacing } from './directory-replace.js';
import { pgliteSnapshot } from './snapshot.js';
import { createPglite } from './template.js';

/** Makes the folder of a database where it may, and sees that it can be written to. @throws AshlarError `directory-missing` */
export const prepareDirectory = async (directory: string, create: boolean): Promise<void> => {
  try {
    if (create) await mkdir(directory, { recursive: true });
    await access(`${directory}${sep}`, constants.W_OK);
  } catch (cause) {
    throw new AshlarError('directory-missing', {
      message: `The folder ${directory} cannot be used.`,
      detail: `It ${create ? 'cannot be made or written to' : 'is not there, or cannot be written to'} (${(cause as NodeJS.ErrnoException).code}).`,
      suggestion: 'Choose a folder that you may write to; a data folder is a folder of its own.',
      cause,
    });
  }
};

const leasesOf = (channel: PgliteChannel, queue: Queue) => ({
  take: async (): Promise<Lease> => {
    const done = await queue.enter();
    return { channel, release: done };
  },
});

// the owner takes the connection that sessions have, and gives it back
const reset = async (channel: PgliteChannel): Promise<void> => {
  channel.role = null;
  await channel.send(setRole(null));
};

/**
 * Opens the embedded engine: in a folder of its own, or in memory. It has one connection; transactions queue.
 *
 * @param content - the tar of a data folder, for a place that holds nothing yet
 * @throws AshlarError `driver-missing`, `directory-missing`, `database-missing`, `database-locked`, `database-corrupt`
 */
export const openPglite = async (
  options: OpenOptions,
  directory: string | undefined,
  content?: Blob,
): Promise<Engine> => {
  const place = directory === undefined ? undefined : resolve(directory);
  if (place !== undefined) await prepareDirectory(place, options.create ?? true);
  const unlock = place === undefined ? undefined : await lockDirectory(place);
  let database: PGlite | undefined;
  try {
    if (place !== undefined) await finishReplacing(place);
    const made = await createPglite(place, options.create ?? true, content);
    database = made.database;
    const channel = new PgliteChannel(database);
    const queue = new Queue();
    const leases = leasesOf(channel, queue);
    const { version, connectedRole } = await readConnectionFacts(channel, options);
    const takeOwner = async (): Promise<Lease> => {
      const lease = await leases.take();
      try {
        await reset(channel);
        await actAsOwner(channel);
      } catch (error) {
        lease.release();
        throw error;
      }
      return {
        channel,
        release: () => {
          void reset(channel).catch(() => undefined);
          // kept plans may not fit the schema any more
          channel.forget();
          lease.release();
        },
      };
    };
    const backend: Backend = {
      label: `PGlite ${made.version} (PostgreSQL ${version})`,
      url: options.url,
      leases,
      sealing: undefined,
      connectedRole,
      takeOwner,
      exclusively: (_owner, _lockTimeout, work) => work(),
      snapshot: (work) => pgliteSnapshot(made.database, takeOwner, options.onStatement, work),
      close: async () => {
        if (!(await queue.close())) return;
        await made.database.close();
        await unlock?.();
      },
    };
    return postgresEngine(backend, options);
  } catch (error) {
    await database?.close();
    await unlock?.();
    throw asAshlarError(error);
  }
};

import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { PGlite } from '@electric-sql/pglite';
import { AshlarError } from '../../errors.js';
import { literal } from '../../table/index.js';
import type { Engine, OpenOptions } from '../engine.js';
import type { Lease } from './channel.js';
import { lockDirectory } from './directory-lock.js';
import { type Backend, postgresEngine } from './engine.js';
import { asAshlarError } from './errors.js';
import { PgliteChannel } from './pglite-channel.js';
import { createPglite } from './pglite-template.js';
import { Queue } from './queue.js';
import { sessionSettings } from './session-settings.js';

const prepareDirectory = async (directory: string, create: boolean): Promise<void> => {
  try {
    await mkdir(directory, { recursive: create });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return;
    throw new AshlarError('directory-missing', {
      message: `The folder ${directory} cannot be made.`,
      suggestion: 'Create the folder it is to be in, and check who may write there.',
      cause,
    });
  }
};

const settingsText = (options: OpenOptions): string =>
  sessionSettings('public', options.lockTimeout ?? 5_000)
    .map(([name, value]) => `SET ${name} = ${name === 'search_path' ? value : literal(value)}`)
    .join('; ');

const leasesOf = (channel: PgliteChannel, queue: Queue) => ({
  take: async (): Promise<Lease> => {
    const done = await queue.enter();
    return { channel, release: done };
  },
});

const versionOf = async (channel: PgliteChannel): Promise<string> => {
  const reply = await channel.send({ text: "SELECT current_setting('server_version')" });
  return reply.rows[0]?.[0]?.replace(/ .*$/, '') ?? '';
};

/**
 * Opens the embedded engine: in a folder of its own, or in memory. It has one connection; transactions queue.
 *
 * @throws AshlarError `driver-missing`, `directory-missing`, `database-locked`
 */
export const openPglite = async (options: OpenOptions, directory: string | undefined): Promise<Engine> => {
  const place = directory === undefined ? undefined : resolve(directory);
  if (place !== undefined) await prepareDirectory(place, options.create ?? true);
  const unlock = place === undefined ? undefined : await lockDirectory(place);
  let database: PGlite | undefined;
  try {
    const made = await createPglite(place);
    database = made.database;
    const channel = new PgliteChannel(database);
    await channel.send({ text: settingsText(options) });
    const queue = new Queue();
    const leases = leasesOf(channel, queue);
    const backend: Backend = {
      label: `PGlite ${made.version} (PostgreSQL ${await versionOf(channel)})`,
      url: options.url,
      leases,
      takeOwner: async () => {
        const lease = await leases.take();
        return {
          channel,
          release: () => {
            // kept plans may not fit the schema any more
            channel.forget();
            lease.release();
          },
        };
      },
      exclusively: (_owner, _lockTimeout, work) => work(),
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

import { randomUUID } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { PGlite } from '@electric-sql/pglite';
import type { Snapshot } from '../../../contract/snapshot.js';
import { AshlarError } from '../../../errors.js';
import { incarnationOf } from '../../../files/incarnation.js';
import { identifier } from '../../../model/index.js';
import type { Report } from '../../report.js';
import { setRole } from '../session/connected-role.js';
import { ownerOf } from '../session/owner.js';
import type { Lease } from '../wire/channel.js';
import { translated } from '../wire/errors.js';

// higher levels take longer and save little
const level = 1;

/**
 * Calls `work` with a snapshot of a PGlite database. Its only connection is held while `work` reads, and until the data
 * folder is in memory as a tar. Compression, which takes several times as long, runs after the connection is released.
 */
export async function pgliteSnapshot<T>(
  database: PGlite,
  takeOwner: () => Promise<Lease>,
  report: Report | undefined,
  work: (snapshot: Snapshot) => Promise<T>,
): Promise<T> {
  const lease = await takeOwner();
  let isHeld = true;
  const release = (): void => {
    if (isHeld) lease.release();
    isHeld = false;
  };
  const { run } = ownerOf(lease.channel, report);
  const read: Snapshot['read'] = async (sql, parameters) => {
    if (!isHeld) throw released();
    return run(sql, parameters);
  };
  const tar = async (others: Promise<unknown> | undefined): Promise<Blob> => {
    await others?.catch(() => undefined);
    if (!isHeld) throw released();
    try {
      return await translated(async () => {
        // CHECKPOINT needs a superuser, which the owner of the tables need not be
        await lease.channel.send(setRole(null));
        await lease.channel.send({ text: 'CHECKPOINT' });
        return await database.dumpDataDir('none');
      });
    } finally {
      release();
    }
  };
  try {
    return await work({
      format: 'pglite-tar',
      ...(await placeOf(database.dataDir)),
      read,
      count: async (table) =>
        Number((await read(`SELECT count(*) AS rows FROM ${identifier(table)}`))[0]?.rows),
      copy: (others) => compressed(tar(others)),
    });
  } finally {
    release();
  }
}

const placeOf = async (folder: string | undefined): Promise<Pick<Snapshot, 'place' | 'incarnation'>> => {
  if (folder === undefined) return { place: 'memory', incarnation: randomUUID() };
  return { place: await realpath(folder), incarnation: incarnationOf(folder) };
};

const compressed = (tar: Promise<Blob>): Readable => {
  async function* chunks(): AsyncIterable<Uint8Array> {
    yield* (await tar).stream();
  }
  // an abandoned copy must not fail as an unhandled rejection
  tar.catch(() => undefined);
  return pipeline(chunks, createGzip({ level }), () => undefined);
};

const released = (): AshlarError =>
  new AshlarError('usage', {
    message: 'The snapshot was used after its copy was made.',
    detail: 'PGlite has one connection, which the snapshot releases as soon as the copy is in memory.',
    suggestion: 'Read from the snapshot first, then copy it once.',
  });

import { pipeline, type Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { PGlite } from '@electric-sql/pglite';
import type { Snapshot } from '../../../contract/snapshot.js';
import { AshlarError } from '../../../errors.js';
import { identifier } from '../../../model/index.js';
import { setRole } from '../session/connected-role.js';
import { ownerOf } from '../session/owner.js';
import type { OnStatement } from '../session/transaction.js';
import type { Lease } from '../wire/channel.js';
import { translated } from '../wire/errors.js';

// what compresses well does so at any level, the rest at none
const level = 1;

/**
 * Gives `work` a moment of the embedded engine. It has one connection, so the moment is there as long as that is held:
 * while `work` reads, and until the data folder is in memory as a tar. Compressing it, which takes several times as
 * long, is done when the others go on.
 */
export const pgliteSnapshot = async <T>(
  database: PGlite,
  takeOwner: () => Promise<Lease>,
  onStatement: OnStatement,
  work: (snapshot: Snapshot) => Promise<T>,
): Promise<T> => {
  const lease = await takeOwner();
  let isHeld = true;
  const release = (): void => {
    if (isHeld) lease.release();
    isHeld = false;
  };
  const { run } = ownerOf(lease.channel, onStatement);
  const read: Snapshot['read'] = async (sql, parameters) => {
    if (!isHeld) throw over();
    return run(sql, parameters);
  };
  const tar = async (others: Promise<unknown> | undefined): Promise<Blob> => {
    await others?.catch(() => undefined);
    if (!isHeld) throw over();
    try {
      return await translated(async () => {
        // the owner of the tables may be no superuser
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
      read,
      count: async (table) =>
        Number((await read(`SELECT count(*) AS rows FROM ${identifier(table)}`))[0]?.rows),
      copy: (others) => compressed(tar(others)),
    });
  } finally {
    release();
  }
};

const compressed = (tar: Promise<Blob>): Readable => {
  async function* chunks(): AsyncIterable<Uint8Array> {
    yield* (await tar).stream();
  }
  // one that is given up before it is read fails in nobody's hands
  tar.catch(() => undefined);
  return pipeline(chunks, createGzip({ level }), () => undefined);
};

const over = (): AshlarError =>
  new AshlarError('usage', {
    message: 'A snapshot was asked for something after its copy.',
    detail: 'The embedded engine has one connection; when the copy is in memory others have it.',
    suggestion: 'Read what is to be known of the moment first, then copy it, once.',
  });

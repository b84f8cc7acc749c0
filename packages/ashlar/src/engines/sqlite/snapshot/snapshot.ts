import type { Snapshot } from '../../../contract/snapshot.js';
import { AshlarError } from '../../../errors.js';
import { identifier } from '../../../model/index.js';
import { type ConnectionSettings, connect } from '../driver/connect.js';
import type { Connection } from '../driver/connection.js';
import { sqliteError } from '../driver/errors.js';
import type { Lock } from '../driver/lock.js';
import { fileLocked, retryWhileBusy, writerTaken } from '../driver/waiting.js';
import { readFileElsewhere } from './read-file.js';
import type { ReadThread } from './read-thread.js';

/** A database whose moment is to be held. */
export interface SnapshotSource {
  readonly target: ConnectionSettings;
  /** Of its file. */
  readonly identity: string;
  /** Of the writers in this process. */
  readonly lock: Lock;
  readonly writer: () => Connection;
}

const timeout = 30_000;
/** What makes a transaction begin to read. */
const look = 'SELECT 1 FROM sqlite_schema LIMIT 1';

export const inMemory = (): AshlarError =>
  new AshlarError('usage', {
    message: 'A database in memory has no file to copy.',
    suggestion: 'Use sqlite:PATH or sqlcipher:PATH.',
  });

/**
 * Gives `work` a moment of the database, while others write.
 *
 * A read transaction begins while the write lock is held, so that nothing is written between it and the look at the log.
 * As long as it lasts, a page of its moment is never overwritten where it stands: nothing newer is moved into the file, and
 * the log does not begin anew over frames that it needs (walTryBeginRead, walCheckpoint and walRestartLog in SQLite's
 * wal.c). Where all of the log was in the file, the file alone is the moment.
 *
 * @param reader - a thread of the target’s, which is closed at the end; where it is closed before, reads and copies fail
 */
export const withSnapshot = async <T>(
  source: SnapshotSource,
  reader: ReadThread,
  work: (snapshot: Snapshot) => Promise<T>,
): Promise<T> => {
  try {
    const frames = await hold(source, reader);
    return await work(await snapshotOf(source, reader, frames));
  } finally {
    await reader.close();
  }
};

/** Begins the reader’s transaction. @returns how many frames of the log belong to its moment */
const hold = async ({ target, lock, writer }: SnapshotSource, reader: ReadThread): Promise<number> => {
  // the thread has started before anybody waits for it
  await reader.run(look);
  const unlock = await lock.acquire(timeout, writerTaken);
  try {
    await retryWhileBusy(() => writer().tryBegin(['BEGIN IMMEDIATE']), timeout, fileLocked);
    try {
      for (const sql of ['BEGIN', look]) await reader.run(sql);
      return guarded(() => framesOutside(target));
    } finally {
      guarded(() => writer().command('ROLLBACK'));
    }
  } finally {
    unlock();
  }
};

/**
 * Looked at when the reader has begun: if frames are outside of the file then, they were when it began, and it reads them
 * from the log, which cannot begin anew. NOOP moves nothing: it only tells, and only a connection without a transaction.
 */
const framesOutside = (target: ConnectionSettings): number => {
  const onlooker = connect(target, 'reader');
  try {
    const [state] = onlooker.database.pragma('wal_checkpoint(NOOP)') as LogState[];
    if (!state || state.log < 0)
      throw new AshlarError('statement-failed', { message: 'The database has no log.' });
    return state.log === state.checkpointed ? 0 : state.log;
  } finally {
    onlooker.close();
  }
};

/** In frames. */
interface LogState {
  readonly log: number;
  readonly checkpointed: number;
}

const snapshotOf = async (
  { target, identity }: SnapshotSource,
  reader: ReadThread,
  frames: number,
): Promise<Snapshot> => {
  const figure = async (sql: string): Promise<number> => {
    const [row] = await reader.run(sql);
    return Number(Object.values(row ?? {})[0]);
  };
  const [pages, pageSize] = [await figure('PRAGMA page_count'), await figure('PRAGMA page_size')];
  return {
    format: target.key === undefined ? 'sqlite' : 'sqlcipher',
    key: target.key,
    size: pages * pageSize,
    read: (sql, parameters) => reader.run(sql, parameters),
    count: (table) => figure(`SELECT count(*) FROM main.${identifier(table)}`),
    copy: () => {
      const copy = readFileElsewhere({ path: target.path, identity, pages, pageSize, frames });
      // without the transaction it would go on, and be torn
      reader.closing.addEventListener('abort', () => copy.destroy(reader.closing.reason), { once: true });
      // one that was given up fails in nobody's hands
      return copy.on('error', () => undefined);
    },
  };
};

const guarded = <T>(work: () => T): T => {
  try {
    return work();
  } catch (error) {
    throw sqliteError(error);
  }
};

import type { Snapshot } from '../../../contract/snapshot.js';
import { AshlarError } from '../../../errors.js';
import { incarnationOf } from '../../../files/incarnation.js';
import { identifier } from '../../../model/index.js';
import type { Lock } from '../../lock.js';
import { type ConnectionSettings, connect } from '../driver/connect.js';
import type { Connection } from '../driver/connection.js';
import { sqliteError } from '../driver/errors.js';
import { fileLocked, retryWhileBusy, writerTaken } from '../driver/waiting.js';
import { readFileElsewhere } from './read-file.js';
import type { ReadThread } from './read-thread.js';

/** The database from which a snapshot is taken. */
export interface SnapshotSource {
  readonly settings: ConnectionSettings;
  /** The device and inode of the database file. */
  readonly identity: string;
  /** The lock that serialises the writers in this process. */
  readonly lock: Lock;
  readonly writer: () => Connection;
}

const timeout = 30_000;
/** The first read of a transaction, with which its snapshot begins. */
const firstRead = 'SELECT 1 FROM sqlite_schema LIMIT 1';

/** Makes the error for an attempt to take a snapshot of a database in memory. */
export function inMemory(): AshlarError {
  return new AshlarError('usage', {
    message: 'A database in memory has no file to copy.',
    suggestion: 'Use sqlite:PATH or sqlcipher:PATH.',
  });
}

/**
 * Calls `work` with a snapshot of the database; other sessions can write meanwhile.
 *
 * A read transaction begins while the write lock is held, so that nothing is written before the size of the log is read.
 * While the transaction lasts, no page of the snapshot is overwritten: newer pages are not checkpointed into the file, and
 * the log is not restarted over frames that the transaction needs (walTryBeginRead, walCheckpoint and walRestartLog in
 * SQLite's wal.c). If the whole log was checkpointed, the file alone is the snapshot.
 *
 * @param reader - a thread that has the database open; closed at the end. If it is closed earlier, reads and copies fail
 */
export async function withSnapshot<T>(
  source: SnapshotSource,
  reader: ReadThread,
  work: (snapshot: Snapshot) => Promise<T>,
): Promise<T> {
  try {
    const frames = await hold(source, reader);
    return await work(await snapshotOf(source, reader, frames));
  } finally {
    await reader.close();
  }
}

/** Begins the reader’s transaction. @returns the number of frames of the log that belong to the snapshot */
const hold = async ({ settings, lock, writer }: SnapshotSource, reader: ReadThread): Promise<number> => {
  // start the thread before taking the lock
  await reader.run(firstRead);
  const unlock = await lock.acquire(timeout, writerTaken);
  try {
    await retryWhileBusy(() => writer().tryBegin(['BEGIN IMMEDIATE']), timeout, fileLocked);
    try {
      for (const sql of ['BEGIN', firstRead]) await reader.run(sql);
      return guarded(() => framesOutside(settings));
    } finally {
      guarded(() => writer().command('ROLLBACK'));
    }
  } finally {
    unlock();
  }
};

/**
 * The number of frames that are not in the file. Called when the reader has begun: frames outside the file now were so when
 * it began, and the log with them cannot be restarted. NOOP checkpoints nothing, and answers only outside a transaction.
 */
const framesOutside = (settings: ConnectionSettings): number => {
  const observer = connect(settings, 'reader');
  try {
    const [state] = observer.database.pragma('wal_checkpoint(NOOP)') as LogState[];
    if (!state || state.log < 0)
      throw new AshlarError('statement-failed', { message: 'The database has no write-ahead log.' });
    return state.log === state.checkpointed ? 0 : state.log;
  } finally {
    observer.close();
  }
};

/** The frames of the log, and how many of them are in the file. */
interface LogState {
  readonly log: number;
  readonly checkpointed: number;
}

const snapshotOf = async (
  { settings, identity }: SnapshotSource,
  reader: ReadThread,
  frames: number,
): Promise<Snapshot> => {
  const numberOf = async (sql: string): Promise<number> => {
    const [row] = await reader.run(sql);
    return Number(Object.values(row ?? {})[0]);
  };
  const [pages, pageSize] = [await numberOf('PRAGMA page_count'), await numberOf('PRAGMA page_size')];
  return {
    format: settings.key === undefined ? 'sqlite' : 'sqlcipher',
    key: settings.key,
    size: pages * pageSize,
    place: settings.path,
    incarnation: incarnationOf(settings.path),
    read: (sql, parameters) => reader.run(sql, parameters),
    count: (table) => numberOf(`SELECT count(*) FROM main.${identifier(table)}`),
    copy: () => {
      const copy = readFileElsewhere({ path: settings.path, identity, pages, pageSize, frames });
      // without the transaction the copy would mix states
      reader.closing.addEventListener('abort', () => copy.destroy(reader.closing.reason), { once: true });
      // an abandoned copy must not fail as an unhandled error
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

import { setTimeout as sleep } from 'node:timers/promises';
import { AshlarError } from '../../errors.js';
import { identifier } from '../../table/index.js';
import type { Snapshot } from '../snapshot.js';
import { connect, type Target } from './connect.js';
import type { Connection } from './connection.js';
import { sqliteError } from './errors.js';
import type { Lock } from './lock.js';
import { readFileElsewhere } from './read-file.js';
import { ReadThread } from './read-thread.js';
import { writerTaken } from './waiting.js';

/** A database whose moment is to be held. */
export interface SnapshotSource {
  readonly target: Target;
  /** Of its file. */
  readonly identity: string;
  /** Of the writers in this process. */
  readonly lock: Lock;
  readonly writer: () => Connection;
}

const timeout = 30_000;
/** How long writers may be kept waiting for each attempt, in milliseconds. */
const longestHold = 20;
const longestPause = 50;
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
 */
export const withSnapshot = async <T>(
  source: SnapshotSource,
  work: (snapshot: Snapshot) => Promise<T>,
): Promise<T> => {
  const reader = new ReadThread(source.target);
  try {
    const frames = await hold(source, reader);
    return await work(await snapshotOf(source, reader, frames));
  } finally {
    await reader.close();
  }
};

/** Begins the reader's transaction. @returns how many frames of the log belong to its moment */
const hold = async (source: SnapshotSource, reader: ReadThread): Promise<number> => {
  const checkpointer = guarded(() => connect(source.target, 'reader'));
  try {
    // the thread has started before anybody waits for it
    await reader.run(look);
    const deadline = performance.now() + timeout;
    for (;;) {
      const frames = await tryHold(source, reader, checkpointer);
      if (frames !== undefined) return frames;
      if (performance.now() > deadline) throw neverHeld();
      await sleep(1 + Math.random() * longestPause);
    }
  } finally {
    checkpointer.close();
  }
};

const tryHold = async (
  { lock, writer }: SnapshotSource,
  reader: ReadThread,
  checkpointer: Connection,
): Promise<number | undefined> => {
  // most of the log, before anybody has to wait
  guarded(() => checkpoint(checkpointer));
  const unlock = await lock.acquire(timeout, writerTaken);
  try {
    if (!writer().tryBegin(['BEGIN IMMEDIATE'])) return undefined;
    try {
      for (const sql of ['BEGIN', look]) await reader.run(sql);
      const frames = await framesOutside(checkpointer);
      if (frames === undefined) await reader.run('ROLLBACK');
      return frames;
    } finally {
      writer().command('ROLLBACK');
    }
  } finally {
    unlock();
  }
};

/**
 * Looked at when the reader has begun: if frames are outside of the file then, they were when it began, and it reads them
 * from the log, which cannot begin anew.
 */
const framesOutside = async (checkpointer: Connection): Promise<number | undefined> => {
  const deadline = performance.now() + longestHold;
  for (;;) {
    const { busy, log, checkpointed } = guarded(() => checkpoint(checkpointer));
    if (busy === 0) return log === checkpointed ? 0 : log;
    // another process is at it, and soon done
    if (performance.now() > deadline) return undefined;
    await sleep(1);
  }
};

interface Checkpointed {
  readonly busy: number;
  readonly log: number;
  readonly checkpointed: number;
}

const checkpoint = ({ database }: Connection): Checkpointed => {
  const [row] = database.pragma('wal_checkpoint(PASSIVE)') as Checkpointed[];
  return row ?? { busy: 1, log: 0, checkpointed: -1 };
};

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
    copy: () => readFileElsewhere({ path: target.path, identity, pages, pageSize, frames }),
  };
};

const neverHeld = (): AshlarError =>
  new AshlarError('lock-timeout', {
    message: 'No moment of the database could be held for a copy.',
    detail: 'Other processes kept the database locked.',
    suggestion: 'Try again when they are done.',
  });

const guarded = <T>(work: () => T): T => {
  try {
    return work();
  } catch (error) {
    throw sqliteError(error);
  }
};

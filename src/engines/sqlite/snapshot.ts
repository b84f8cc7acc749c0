import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { AshlarError } from '../../errors.js';
import { identifier } from '../../table/index.js';
import type { Snapshot } from '../snapshot.js';
import { bindable } from './codec.js';
import { connect, type Target } from './connect.js';
import type { Connection } from './connection.js';
import { sqliteError } from './errors.js';
import type { Lock } from './lock.js';
import { readFileElsewhere } from './read-file.js';
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
/** How long counting keeps the event loop at a time, in milliseconds: rows may be wide, and their pages encrypted. */
const countingTurn = 10;
const [fewestCounted, mostCounted] = [100, 100_000];

export const inMemory = (): AshlarError =>
  new AshlarError('usage', {
    message: 'A database in memory has no file to copy.',
    suggestion: 'Use sqlite:PATH or sqlcipher:PATH.',
  });

/**
 * Gives `work` a moment in which the database file alone is the whole database.
 *
 * With the write lock held the write-ahead log is moved into the file to its end; a read transaction that begins then
 * ignores the log (it holds WAL_READ_LOCK(0)), and as long as it lasts nothing is moved into the file (walCheckpoint in
 * SQLite's wal.c). Writers go on at once, into the log.
 *
 * @throws AshlarError `lock-timeout` where other readers keep the log from being moved
 */
export const withSnapshot = async <T>(
  source: SnapshotSource,
  work: (snapshot: Snapshot) => Promise<T>,
): Promise<T> => {
  const reader = guarded(() => connect(source.target, 'reader'));
  try {
    await hold(source, reader);
    return await work(snapshotOf(source, reader));
  } finally {
    // closing ends the transaction too
    reader.close();
  }
};

const hold = async (source: SnapshotSource, reader: Connection): Promise<void> => {
  const deadline = performance.now() + timeout;
  while (!(await tryHold(source, reader))) {
    if (performance.now() > deadline) throw neverAlone();
    await sleep(1 + Math.random() * longestPause);
  }
};

const tryHold = async ({ lock, writer }: SnapshotSource, reader: Connection): Promise<boolean> => {
  // before anybody has to wait: what is left for later is little
  guarded(() => checkpoint(reader));
  const unlock = await lock.acquire(timeout, writerTaken);
  try {
    if (!writer().tryBegin(['BEGIN IMMEDIATE'])) return false;
    try {
      if (!(await emptied(reader))) return false;
      return reader.tryBegin(['BEGIN', 'SELECT 1 FROM sqlite_schema LIMIT 1']);
    } finally {
      writer().command('ROLLBACK');
    }
  } finally {
    unlock();
  }
};

/** Moves the log into the file. @returns whether nothing of it is left outside */
const emptied = async (reader: Connection): Promise<boolean> => {
  const deadline = performance.now() + longestHold;
  for (;;) {
    const { busy, log, checkpointed } = guarded(() => checkpoint(reader));
    if (busy === 0) return log === checkpointed;
    // another process is at it, and soon done
    if (performance.now() > deadline) return false;
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

const snapshotOf = ({ target, identity }: SnapshotSource, reader: Connection): Snapshot => {
  const { database } = reader;
  const [pages, pageSize] = [pragma(reader, 'page_count'), pragma(reader, 'page_size')];
  const read: Snapshot['read'] = async (sql, parameters = []) =>
    guarded(() => database.prepare<unknown[], Record<string, unknown>>(sql).all(bindable(parameters)));
  return {
    format: target.key === undefined ? 'sqlite' : 'sqlcipher',
    key: target.key,
    size: pages * pageSize,
    read,
    count: async (table) => {
      const name = `main.${identifier(table)}`;
      const [kind] = await read(`SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?`, [
        table,
      ]);
      if (kind?.wr === 1) return Number((await read(`SELECT count(*) AS rows FROM ${name}`))[0]?.rows);
      const from = (last: unknown) => (last === undefined ? '' : 'WHERE _rowid_ > CAST(? AS INTEGER)');
      let [counted, some, last]: [number, number, unknown] = [0, fewestCounted, undefined];
      for (;;) {
        const start = performance.now();
        const [run] = await read(
          `SELECT count(*) AS rows, CAST(max(id) AS TEXT) AS last
FROM (SELECT _rowid_ AS id FROM ${name} ${from(last)} ORDER BY _rowid_ LIMIT ?)`,
          last === undefined ? [some] : [last, some],
        );
        const rows = Number(run?.rows);
        counted += rows;
        if (rows < some) return counted;
        last = run?.last;
        const fitting = Math.round((some * countingTurn) / (performance.now() - start));
        some = Math.min(mostCounted, Math.max(fewestCounted, Math.min(fitting, some * 10)));
        await nextTurn();
      }
    },
    copy: () => readFileElsewhere({ path: target.path, identity, size: pages * pageSize }),
  };
};

const pragma = ({ database }: Connection, name: string): number =>
  Number(guarded(() => database.pragma(name, { simple: true })));

const neverAlone = (): AshlarError =>
  new AshlarError('lock-timeout', {
    message: 'The database could not be held still for a copy.',
    detail: 'A reader that began long ago keeps the write-ahead log from being moved into the file.',
    suggestion: 'End long read sessions, or try again when there are fewer.',
  });

const guarded = <T>(work: () => T): T => {
  try {
    return work();
  } catch (error) {
    throw sqliteError(error);
  }
};

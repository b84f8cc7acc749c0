import { existsSync, renameSync, statSync } from 'node:fs';
import { AshlarError } from '../../../errors.js';

interface Identity {
  readonly dev: bigint;
  readonly ino: bigint;
}

// a stat costs about a microsecond
const identityOf = (path: string): Identity | undefined =>
  statSync(path, { bigint: true, throwIfNoEntry: false });

/** The places that this process has open, by their paths. */
const openPlaces = new Map<string, Set<FilePlace>>();

const isSame = (a: Identity | undefined, b: Identity | undefined): boolean =>
  a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev;

/**
 * The path of an open database file. SQLite keeps using the file that it opened, also when that file was removed or
 * another one took its place: commits then vanish, and the write-ahead log, which is found by its name, belongs to the
 * wrong file.
 */
export class FilePlace {
  readonly #path: string;
  readonly #file: Identity | undefined;
  #log: Identity | undefined;

  /**
   * @param path - of the file, absolute; `undefined` for a database in memory
   * @param identity - the device and inode of the file that was opened, as `DEVICE:INODE`
   */
  constructor(path?: string, identity = '') {
    this.#path = path ?? '';
    const [dev, ino] = identity.split(':');
    this.#file = dev && ino ? { dev: BigInt(dev), ino: BigInt(ino) } : undefined;
    if (!this.#file) return;
    // SQLite creates the log when it first reads
    this.#log = identityOf(`${this.#path}-wal`);
    openPlaces.set(this.#path, (openPlaces.get(this.#path) ?? new Set()).add(this));
  }

  /**
   * Throws if the log at a path belongs to a file that was replaced, but that this process still has open: SQLite would
   * apply it to the file that has the path now.
   *
   * @param identity - the device and inode of the file at the path, as `DEVICE:INODE`
   * @throws AshlarError `database-locked`
   */
  static assertOwnLog(path: string, identity: string): void {
    for (const place of openPlaces.get(path) ?? []) {
      const file = place.#file;
      if (!file || `${file.dev}:${file.ino}` === identity) continue;
      if (isSame(identityOf(`${path}-wal`), place.#log)) throw logOfAnother(path);
    }
  }

  /** Throws if the path no longer leads to the file that was opened. @throws AshlarError `connection-lost` */
  assertFile(): void {
    if (!this.#file) return;
    if (!isSame(identityOf(this.#path), this.#file)) throw moved();
    this.#log ??= identityOf(`${this.#path}-wal`);
  }

  /**
   * Throws if the path no longer leads to the file, or its log was removed or replaced; called in a transaction that
   * writes, when the log exists.
   *
   * @throws AshlarError `connection-lost`
   */
  assertFileAndLog(): void {
    if (!this.#file) return;
    this.assertFile();
    if (!isSame(identityOf(`${this.#path}-wal`), this.#log)) throw moved();
  }

  /**
   * Leaves the place, after its last connection was closed. The log of a file that was replaced or removed is renamed: the
   * next opener of the path would otherwise apply it to the new file. It is kept, because it may hold commits of the old
   * file.
   */
  leave(): void {
    openPlaces.get(this.#path)?.delete(this);
    if (!this.#file || isSame(identityOf(this.#path), this.#file)) return;
    const log = `${this.#path}-wal`;
    if (!this.#log || !isSame(identityOf(log), this.#log)) return;
    const aside = `${this.#path}-wal-of-replaced-file-${this.#file.ino}`;
    if (!existsSync(aside)) renameSync(log, aside);
  }
}

const logOfAnother = (path: string): AshlarError =>
  new AshlarError('database-locked', {
    message: `The log next to ${path} belongs to a file that was replaced, and that this process still has open.`,
    detail: 'SQLite would apply this log to the file that has the path now, and damage it.',
    suggestion: 'Close the database that was opened before the file was replaced, then open the path again.',
  });

const moved = (): AshlarError =>
  new AshlarError('connection-lost', {
    message: 'The database file or its log was removed or replaced after it was opened; nothing was written.',
    detail: 'A file was moved or copied to its path, its key was changed, or a backup was restored there.',
    suggestion:
      'Close the database and open it again. Stop every process that has it open before you replace a file.',
  });

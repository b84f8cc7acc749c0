import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AshlarError } from '../../../errors.js';
import { type ConnectionSettings, connect } from '../driver/connect.js';
import type { Connection } from '../driver/connection.js';
import { hasMoved, isBusy } from '../driver/errors.js';
import { type DatabaseFile, openFile } from './file.js';
import { assertKey, rawKey, saltBytes } from './key.js';
import { assertEncryptable, openFailure, triedKey } from './open-failure.js';

/** What to open, and how. */
export interface OpenRequest extends Omit<ConnectionSettings, 'key'> {
  readonly encrypted: boolean;
  readonly key: string | undefined;
  readonly create: boolean;
  readonly lockTimeout: number;
}

/** A database with its first connection. */
export interface Opened {
  readonly target: ConnectionSettings;
  readonly writer: Connection;
  /** Of the file: device and inode; `undefined` in memory. */
  readonly identity: string | undefined;
  /** To be called when all connections are closed. */
  readonly forgetFile: () => void;
}

const retryMilliseconds = 25;

// two first opens of one new file at once would choose two salts
let turn: Promise<unknown> = Promise.resolve();

/** Opens the writer of a database; what can be wrong with a path, a file or a key is found out here. */
export const openFirst = async (request: OpenRequest): Promise<Opened> => {
  if (request.path === ':memory:') return openMemory(request);
  const mine = turn.then(() => openOnDisk(request));
  turn = mine.catch(() => undefined);
  return mine;
};

const openMemory = (request: OpenRequest): Opened => {
  if (request.encrypted) {
    throw new AshlarError('url-invalid', {
      message: 'A database in memory cannot be encrypted.',
      suggestion: 'Use sqlite::memory:, or sqlcipher:PATH.',
    });
  }
  const target: ConnectionSettings = { ...request, key: undefined };
  return { target, writer: connect(target, 'writer'), identity: undefined, forgetFile: () => undefined };
};

const openOnDisk = async (request: OpenRequest): Promise<Opened> => {
  // a malformed key is no reason to leave an empty file behind
  if (request.encrypted) assertKey(request.key);
  try {
    return await openOnce(request);
  } catch (error) {
    // another process may have made the same new file at the same time, with a salt of its own
    if (error instanceof LostRace) return openOnce(request);
    throw error;
  }
};

class LostRace extends AshlarError {}

const openOnce = async (request: OpenRequest): Promise<Opened> => {
  const file = openFile(request.path, request.create);
  const isNew = file.header.length === 0;
  try {
    if (request.encrypted) assertEncryptable(file);
    const salt = file.header.length === saltBytes ? file.header : randomBytes(saltBytes);
    const key = request.encrypted && request.key !== undefined ? await rawKey(request.key, salt) : undefined;
    const target: ConnectionSettings = { ...request, path: file.path, key };
    const writer = await connectPatiently(target, file, request);
    file.remember(salt);
    return { target, writer, identity: file.identity, forgetFile: file.close };
  } catch (error) {
    file.close();
    if (isNew && error instanceof AshlarError && error.code === 'key-wrong')
      throw new LostRace(error.code, error);
    throw error;
  }
};

const connectPatiently = async (
  target: ConnectionSettings,
  file: DatabaseFile,
  { key: given, lockTimeout }: OpenRequest,
): Promise<Connection> => {
  const deadline = performance.now() + lockTimeout;
  for (;;) {
    try {
      return connect(target, 'writer');
    } catch (error) {
      // moved: while it was waited for, another one took its place
      if (!(isBusy(error) || hasMoved(error)) || performance.now() > deadline)
        throw await openFailure(error, file, triedKey(given, target.key));
    }
    await sleep(retryMilliseconds);
  }
};

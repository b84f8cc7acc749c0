import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AshlarError } from '../../../errors.js';
import { type ConnectionSettings, connect } from '../driver/connect.js';
import type { Connection } from '../driver/connection.js';
import { hasMoved, isBusy } from '../driver/errors.js';
import { assertWritable, type DatabaseFile, makeFolderOf, openFile } from './file.js';
import { assertKey, rawKey, saltBytes } from './key.js';
import { assertEncryptable, openFailure, triedKey } from './open-failure.js';
import { FilePlace } from './place.js';

/** Options for opening a database file. */
export interface OpenRequest extends Omit<ConnectionSettings, 'key' | 'place'> {
  readonly encrypted: boolean;
  readonly key: string | undefined;
  readonly create: boolean;
  readonly createFolder: boolean;
  readonly lockTimeout: number;
}

/** An opened database: its settings and its first connection, the writer. */
export interface Opened {
  readonly settings: ConnectionSettings;
  readonly writer: Connection;
  /** The device and inode of the file; `undefined` for a database in memory. */
  readonly identity: string | undefined;
  /** Records that this process has closed all connections to the file. */
  readonly forgetFile: () => void;
}

const retryMilliseconds = 25;

// two concurrent first opens of one new file would choose two salts
let turn: Promise<unknown> = Promise.resolve();

/** Opens the first connection of a database, the writer. @throws AshlarError for a wrong path, file or key */
export async function openFirst(request: OpenRequest): Promise<Opened> {
  if (request.path === ':memory:') return openMemory(request);
  const mine = turn.then(() => openOnDisk(request));
  turn = mine.catch(() => undefined);
  return mine;
}

const openMemory = (request: OpenRequest): Opened => {
  if (request.encrypted) {
    throw new AshlarError('url-invalid', {
      message: 'A database in memory cannot be encrypted.',
      suggestion: 'Use sqlite::memory:, or sqlcipher:PATH.',
    });
  }
  const settings: ConnectionSettings = { ...request, key: undefined, place: new FilePlace() };
  return {
    settings,
    writer: connect(settings, 'writer'),
    identity: undefined,
    forgetFile: () => undefined,
  };
};

const openOnDisk = async (request: OpenRequest): Promise<Opened> => {
  // check the key before an empty file is created
  if (request.encrypted) assertKey(request.key);
  try {
    return await openOnce(request);
  } catch (error) {
    // another process may have created the same file at the same time, with another salt
    if (error instanceof LostRace) return openOnce(request);
    throw error;
  }
};

class LostRace extends AshlarError {}

const openOnce = async (request: OpenRequest): Promise<Opened> => {
  if (request.create && request.createFolder) makeFolderOf(request.path);
  const file = openFile(request.path, request.create);
  const isNew = file.header.length === 0;
  try {
    FilePlace.assertOwnLog(file.path, file.identity);
    if (request.encrypted) assertEncryptable(file);
    if (!request.onlyReads) assertWritable(file.path);
    const salt = file.header.length === saltBytes ? file.header : randomBytes(saltBytes);
    const key = request.encrypted && request.key !== undefined ? await rawKey(request.key, salt) : undefined;
    // nothing is known of the file until its first connection, which may have to wait for another process
    const first: ConnectionSettings = { ...request, path: file.path, key, place: new FilePlace() };
    const writer = await connectPatiently(first, file, request);
    file.remember(salt);
    const settings = { ...first, place: new FilePlace(file.path, file.identity) };
    return { settings, writer, identity: file.identity, forgetFile: file.close };
  } catch (error) {
    file.close();
    if (isNew && error instanceof AshlarError && error.code === 'key-wrong')
      throw new LostRace(error.code, error);
    throw error;
  }
};

const connectPatiently = async (
  settings: ConnectionSettings,
  file: DatabaseFile,
  { key: given, lockTimeout }: OpenRequest,
): Promise<Connection> => {
  const deadline = performance.now() + lockTimeout;
  for (;;) {
    try {
      return connect(settings, 'writer');
    } catch (error) {
      // moved: another file took its place while this connection waited
      if (!(isBusy(error) || hasMoved(error)) || performance.now() > deadline)
        throw await openFailure(error, file, triedKey(given, settings.key));
    }
    await sleep(retryMilliseconds);
  }
};

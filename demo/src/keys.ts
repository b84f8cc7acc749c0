import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ashlar } from './command.js';
import type { Place } from './summary.js';

// the next one is there only while a rotation is under way: a run that was killed in it leaves it behind
const database = { key: join('data', 'sophia.key'), next: join('data', 'sophia-next.key') };
const columns = { key: join('data', 'column.key'), next: join('data', 'column-next.key') };

/** Names the file with the key of an encrypted database, which is made once; completes a rotation that was killed. */
export const useDatabaseKey = async (place: Place): Promise<void> => {
  process.env.DATABASE_KEY_FILE = database.key;
  // a key is never replaced by a fresh one: what it encrypted would be lost
  if (!existsSync(database.key)) await ashlar('key', 'new', '--out', database.key);
  if (existsSync(database.next)) await rotateDatabaseKey(place);
};

/** Puts an encrypted database under a new key, which gets the name of the old one when nothing needs that any more. */
export const rotateDatabaseKey = async ({ url }: Place): Promise<void> => {
  if (!existsSync(database.next)) await ashlar('key', 'new', '--out', database.next);
  const both = ['--url', url, '--new-key-file', database.next];
  await ashlar('key', 'check', ...both);
  await ashlar('key', 'rotate', 'database', ...both);
  await ashlar('key', 'check', ...both);
  renameSync(database.next, database.key);
};

/** Names the files with the keys of ciphered columns: the first is made once, and two open what a killed rotation left. */
export const useColumnKeys = (): void => {
  if (!existsSync(columns.key)) writeColumnKey(columns.key, 1);
  delete process.env.COLUMN_KEYS_OLD_FILE;
  process.env.COLUMN_KEY_FILE = columns.key;
  if (!existsSync(columns.next)) return;
  process.env.COLUMN_KEY_FILE = columns.next;
  process.env.COLUMN_KEYS_OLD_FILE = columns.key;
};

/** Wraps the data keys of ciphered columns under a new key, as {@link rotateDatabaseKey} does with a whole file. */
export const rotateColumnKey = async ({ system, url }: Place): Promise<void> => {
  const version = Number.parseInt(readFileSync(columns.key, 'utf8'), 10);
  if (!existsSync(columns.next)) writeColumnKey(columns.next, version + 1);
  useColumnKeys();
  await ashlar('key', 'rotate', 'columns', '--system', system, '--url', url);
  renameSync(columns.next, columns.key);
  useColumnKeys();
};

const writeColumnKey = (path: string, version: number): void =>
  writeFileSync(path, `${version}:${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });

import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ashlar } from './command.js';
import type { Place } from './summary.js';

// the file `next` exists only during a rotation; a killed run leaves it behind
const database = { key: join('data', 'sophia.key'), next: join('data', 'sophia-next.key') };
const columns = { key: join('data', 'column.key'), next: join('data', 'column-next.key') };

/** Sets the key file of the encrypted database. Creates the key once, and completes a killed rotation. */
export async function useDatabaseKey(place: Place): Promise<void> {
  process.env.DATABASE_KEY_FILE = database.key;
  // an existing key is never overwritten: the data that it encrypts would be lost
  if (!existsSync(database.key)) await ashlar('key', 'new', '--out', database.key);
  if (existsSync(database.next)) await rotateDatabaseKey(place);
}

/** Rotates the key of the encrypted database. The new key takes the old one's file name once the old one is unused. */
export async function rotateDatabaseKey({ url }: Place): Promise<void> {
  if (!existsSync(database.next)) await ashlar('key', 'new', '--out', database.next);
  const both = ['--url', url, '--new-key-file', database.next];
  await ashlar('key', 'check', ...both);
  await ashlar('key', 'rotate', 'database', ...both);
  await ashlar('key', 'check', ...both);
  renameSync(database.next, database.key);
}

/** Sets the key files of encrypted columns. Creates the key once; after a killed rotation both keys are set. */
export function useColumnKeys(): void {
  if (!existsSync(columns.key)) writeColumnKey(columns.key, 1);
  delete process.env.COLUMN_KEYS_OLD_FILE;
  process.env.COLUMN_KEY_FILE = columns.key;
  if (!existsSync(columns.next)) return;
  process.env.COLUMN_KEY_FILE = columns.next;
  process.env.COLUMN_KEYS_OLD_FILE = columns.key;
}

/** Rotates the master key of encrypted columns: wraps their data keys with a new one. */
export async function rotateColumnKey({ system, url }: Place): Promise<void> {
  const version = Number.parseInt(readFileSync(columns.key, 'utf8'), 10);
  if (!existsSync(columns.next)) writeColumnKey(columns.next, version + 1);
  useColumnKeys();
  await ashlar('key', 'rotate', 'columns', '--system', system, '--url', url);
  renameSync(columns.next, columns.key);
  useColumnKeys();
}

const writeColumnKey = (path: string, version: number): void =>
  writeFileSync(path, `${version}:${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });

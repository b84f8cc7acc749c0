import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ashlar, ask } from './command.js';
import type { Place } from './summary.js';

const key = join('data', 'backup.key');

/** Creates an encrypted backup of a database, verifies it, and returns its name. */
export async function makeBackup({ system, url }: Place): Promise<string> {
  const at = ['--system', system, '--url', url];
  process.env.BACKUP_DIR = join('data', 'backups');
  if (!existsSync(key)) await ashlar('backup', 'key', '--out', key);
  process.env.BACKUP_KEY_FILE = key;
  await ashlar('backup', 'create', ...at);
  const { backups } = (await ask('backup', 'list', ...at)) as { backups: { name: string }[] };
  const newest =
    backups
      .map(({ name }) => name)
      .sort()
      .at(-1) ?? '';
  await ashlar('backup', 'verify', newest, ...at);
  return newest;
}

/** Restores a backup over the database, and prunes old backups. */
export async function restoreBackup({ system, url }: Place, name: string): Promise<void> {
  const at = ['--system', system, '--url', url];
  await ashlar('backup', 'restore', name, ...at, '--to', url, '--replace');
  await ashlar('backup', 'prune', ...at, '--keep-last', '2');
}

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ashlar, ask } from './command.js';
import type { Place } from './summary.js';

const key = join('data', 'backup.key');

/** Makes an encrypted backup of a database, shows that it restores, and lets those go that nobody needs any more. */
export const keepBackups = async ({ system, url }: Place): Promise<void> => {
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
  const restored = url.replace(/\.db$/, '-restored.db');
  await ashlar('backup', 'restore', newest, ...at, '--to', restored, '--replace');
  await ashlar('backup', 'prune', ...at, '--keep-last', '2');
};

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { restoreBackup } from '../../../backup/index.js';
import { countAttacks } from '../../../prove/index.js';
import { redactUrl } from '../../../settings/index.js';
import type { Answer, Commands } from '../../command.js';
import { withCopyProgress } from '../../copy-progress.js';
import type { Invocation } from '../../invocation.js';

interface Options {
  readonly dir?: string;
  readonly to: string;
  readonly replace?: boolean;
}

/** `ashlar backup restore`: verifies a backup, and restores it as the database at the given URL. */
export function restoreCommand(commands: Commands): Command {
  return commands
    .make<Options>('restore', 'verify a backup, and restore it as the database at a URL', run)
    .argument('<file>', 'the backup: its name, or the path of one of its files')
    .requiredOption(
      '--to <url>',
      'the URL of the restored database; an encrypted file gets the key DATABASE_KEY',
    )
    .option('--replace', 'replace an existing database; stop every process that uses it first')
    .option('--dir <folder>', 'the folder of backups (default: BACKUP_DIR)');
}

const run = async (invocation: Invocation, options: Options, file = ''): Promise<Answer> => {
  const { out, streams } = invocation;
  const { folder, keys } = invocation.backups(options.dir);
  const url = redactUrl(options.to);
  const { manifest, reports } = await withCopyProgress(invocation, 'restoring', async (onProgress) =>
    restoreBackup(/[/\\]/.test(file) ? resolve(streams.directory, file) : file, await invocation.systems(), {
      folder,
      keys,
      to: await invocation.targetAt(options.to),
      replace: options.replace === true,
      checkpoints: invocation.ledgerKeys(),
      roles: invocation.roles(),
      onProgress,
      onStep: (step) => out.note(`checking ${step} …`),
    }),
  );
  const attacks = reports.reduce((sum, report) => sum + countAttacks(report), 0);
  out.line(
    `${out.style('green', 'restored')} ${manifest.name} of ${manifest.created_at} to ${url} · ${attacks} attacks, none succeeded`,
  );
  return { document: { ok: true, backup: manifest, to: url, attacks } };
};

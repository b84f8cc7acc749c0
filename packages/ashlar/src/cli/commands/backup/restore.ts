import { resolve } from 'node:path';
import type { Command } from 'commander';
import { restoreBackup } from '../../../backup/index.js';
import type { AshlarError } from '../../../errors.js';
import { countAttacks } from '../../../prove/index.js';
import { redactUrl } from '../../../settings/index.js';
import type { Answer, Commands } from '../../command.js';
import { withCopyProgress } from '../../copy-progress.js';
import type { Invocation } from '../../invocation.js';
import type { Output } from '../../output.js';

interface Options {
  readonly dir?: string;
  readonly to: string;
  readonly replace?: boolean;
  readonly evenIfUnverified?: boolean;
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
    .option(
      '--even-if-unverified',
      'restore a database that DOES NOT VERIFY, such as one with a ledger that was tampered with',
    )
    .option('--dir <folder>', 'the folder of backups (default: BACKUP_DIR)');
}

const run = async (invocation: Invocation, options: Options, file = ''): Promise<Answer> => {
  const { out, streams } = invocation;
  const { folder, keys } = invocation.backups(options.dir);
  const url = redactUrl(options.to);
  const { manifest, reports, failures } = await withCopyProgress(
    invocation,
    'restoring',
    async (onProgress) =>
      restoreBackup(
        /[/\\]/.test(file) ? resolve(streams.directory, file) : file,
        await invocation.systems(),
        {
          folder,
          keys,
          to: await invocation.targetAt(options.to),
          replace: options.replace === true,
          evenIfUnverified: options.evenIfUnverified === true,
          checkpoints: invocation.ledgerKeys(),
          roles: invocation.roles(),
          onProgress,
          onStep: (step) => out.note(`checking ${step} …`),
        },
      ),
  );
  const attacks = reports.reduce((sum, report) => sum + countAttacks(report), 0);
  const verified = failures.length === 0;
  const document = {
    ok: true,
    verified,
    ...(verified ? {} : { failures: failures.map((error) => error.toJSON()) }),
    backup: manifest,
    to: url,
    attacks,
  };
  if (verified)
    out.line(
      `${out.style('green', 'restored')} ${manifest.name} of ${manifest.created_at} to ${url} · ${attacks} attacks, none succeeded`,
    );
  else printUnverified(out, `${manifest.name} of ${manifest.created_at} to ${url}`, failures);
  return { document };
};

/** Prints, where no one overlooks it, that a restored database does not verify, and why. */
const printUnverified = (out: Output, what: string, failures: readonly AshlarError[]): void => {
  const rule = '!'.repeat(72);
  const red = (text: string) => out.note(out.styleNote('red', text));
  red(rule);
  red('RESTORED WITHOUT VERIFICATION: THIS DATABASE DOES NOT VERIFY.');
  red('Do not rely on its guarantees and ledgers before each point is explained:');
  for (const { code, message, detail } of failures) {
    red(`- ${message} (${code})`);
    if (detail !== undefined) for (const line of detail.split('\n')) red(`    ${line}`);
  }
  red(rule);
  out.line(`${out.style('red', 'restored, NOT VERIFIED')} ${what} · ${failures.length} failed checks`);
};

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type BackupVerification, verifyBackup } from '../../../backup/index.js';
import type { Engine } from '../../../contract/engine.js';
import type { OpenOptions } from '../../../contract/open-options.js';
import { openEngine } from '../../../engines/open.js';
import { AshlarError } from '../../../errors.js';
import { countAttacks } from '../../../prove/index.js';
import type { Answer, Commands } from '../../command.js';
import { withCopyProgress } from '../../copy-progress.js';
import type { Invocation } from '../../invocation.js';

interface Options {
  readonly dir?: string;
  /** Set to false by `--no-live`. */
  readonly live: boolean;
}

/** `ashlar backup verify`: restores a backup into a temporary database, and compares it with its manifest. */
export function verifyCommand(commands: Commands): Command {
  return commands
    .make<Options>(
      'verify',
      'restore a backup into a temporary database and compare it with its manifest',
      run,
    )
    .argument('<file>', 'the backup: its name, or the path of one of its files')
    .option('--dir <folder>', 'the folder of backups (default: BACKUP_DIR)')
    .option('--no-live', 'do not compare the ledgers of the backup with those of the current database');
}

const run = async (invocation: Invocation, options: Options, file = ''): Promise<Answer> => {
  const { out, streams } = invocation;
  const { folder, keys } = invocation.backups(options.dir);
  const systems = await invocation.systems();
  const at = await targetIfNamed(invocation);
  const { live, unknown } = options.live
    ? await openLive(invocation)
    : { live: undefined, unknown: undefined };
  try {
    const found = await withCopyProgress(invocation, 'decrypting', (onProgress) =>
      verifyBackup(/[/\\]/.test(file) ? resolve(streams.directory, file) : file, systems, {
        folder,
        keys,
        at,
        live,
        checkpoints: invocation.ledgerKeys(),
        roles: invocation.roles(),
        onProgress,
        onStep: (step) => out.note(`checking ${step} …`),
      }),
    );
    print(invocation, found);
    if (found.notNoted !== undefined)
      out.note(`the verification could not be recorded in the folder: ${found.notNoted}`);
    if (unknown !== undefined)
      out.note(`${out.styleNote('yellow', 'warning')} not compared with the current database: ${unknown}`);
    return { document: documentOf(found, { isCompared: live !== undefined, unknown }) };
  } finally {
    await live?.close();
  }
};

// without a database only the copies of servers cannot be verified
const targetIfNamed = (invocation: Invocation): Promise<OpenOptions | undefined> =>
  invocation.target('owner').catch((error: unknown) => {
    if (error instanceof AshlarError && error.code === 'usage') return undefined;
    throw error;
  });

// the database may be lost: that is what backups are for. A wrong path or host looks the same, so the command says what it found
const lost: ReadonlySet<string> = new Set([
  'usage',
  'database-missing',
  'directory-missing',
  'connection-refused',
  'connection-lost',
  'database-corrupt',
  'not-a-database',
]);

const openLive = async (
  invocation: Invocation,
): Promise<{ live: Engine | undefined; unknown: string | undefined }> => {
  try {
    const live = await openEngine({ ...(await invocation.target('owner')), create: false });
    for (const system of await invocation.systems()) live.register(Object.values(system.tables));
    return { live, unknown: undefined };
  } catch (error) {
    if (!(error instanceof AshlarError)) throw error;
    if (lost.has(error.code)) return { live: undefined, unknown: error.message };
    throw new AshlarError(error.code, {
      message: `The current database cannot be compared: ${error.message}`,
      detail: error.detail,
      suggestion: 'Correct the setting, or verify the backup alone with --no-live.',
      cause: error,
    });
  }
};

const print = ({ out }: Invocation, { manifest, reports, ledgers }: BackupVerification): void => {
  const attacks = reports.reduce((sum, report) => sum + countAttacks(report), 0);
  out.line(
    `${out.style('green', 'verified')} ${manifest.name} · ${Object.keys(manifest.rows).length} tables · ${attacks} attacks, none succeeded`,
  );
  for (const { ledger, size, live, relation } of ledgers ?? [])
    out.line(`  ledger ${ledger}: ${size} entries, ${live} in the current database (${relation})`);
};

const documentOf = (
  { manifest, reports, ledgers, verifiedAt, notNoted }: BackupVerification,
  { isCompared, unknown }: { readonly isCompared: boolean; readonly unknown: string | undefined },
) => ({
  ok: true,
  backup: manifest,
  verified_at: verifiedAt,
  noted: notNoted === undefined,
  attacks: reports.reduce((sum, report) => sum + countAttacks(report), 0),
  compared: isCompared,
  ledgers: ledgers ?? null,
  ...(unknown === undefined ? {} : { live_unknown: unknown }),
});

import type { Command } from 'commander';
import { type KeepRules, pruneBackups } from '../../../backup/index.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { wholeNumberOrNone } from '../../option-values.js';
import { printTable } from '../../print-table.js';

interface Options {
  readonly dir?: string;
  readonly label?: string;
  readonly uncounted?: boolean;
  readonly dryRun?: boolean;
  readonly keepLast?: string;
  readonly keepDaily?: string;
  readonly keepWeekly?: string;
  readonly keepMonthly?: string;
}

/** `ashlar backup prune`: removes the backups that none of the keep rules retains. */
export function pruneCommand(commands: Commands): Command {
  return commands
    .make<Options>(
      'prune',
      'remove the backups that no keep rule keeps; the newest verified backup of each database always stays. Raw copies of a database at one path, such as snapshots of a volume, must not share a folder of backups',
      run,
    )
    .option('--keep-last <n>', 'keep the N newest backups (default: BACKUP_KEEP_LAST, else 3)')
    .option(
      '--keep-daily <n>',
      'keep the newest backup of each of N days (default: BACKUP_KEEP_DAILY, else 7)',
    )
    .option(
      '--keep-weekly <n>',
      'keep the newest backup of each of N weeks (default: BACKUP_KEEP_WEEKLY, else 5)',
    )
    .option(
      '--keep-monthly <n>',
      'keep the newest backup of each of N months (default: BACKUP_KEEP_MONTHLY, else 12)',
    )
    .option('--label <name>', 'remove only backups with this label')
    .option(
      '--uncounted',
      'also remove the backups with the label that their database has not counted, such as those of an earlier release or of a standby. All of them must be of one database',
    )
    .option('--dry-run', 'remove nothing; show what would be removed')
    .option('--dir <folder>', 'the folder of backups (default: BACKUP_DIR)');
}

const run = async (invocation: Invocation, options: Options): Promise<Answer> => {
  const { out } = invocation;
  const { folder, keep } = invocation.backups(options.dir);
  const { dryRun = false, label, uncounted } = options;
  const rules = { ...keep, ...rulesOf(options) };
  const decided = await pruneBackups({ folder, label, uncounted, dryRun, keep: rules });
  const notCounted = decided.filter(({ isCounted, verdict }) => !isCounted && verdict === 'kept');
  const bytes = notCounted.reduce((sum, one) => sum + one.bytes, 0);
  if (decided.length === 0) out.line(`no backups in ${folder}`);
  else {
    printTable(
      out,
      ['backup', 'created', 'verdict', 'why'],
      decided.map(({ name, createdAt, verdict, why }) => [
        name,
        createdAt,
        verdict === 'removed' ? out.style('yellow', dryRun ? 'would be removed' : 'removed') : 'kept',
        why.join(', '),
      ]),
    );
  }
  if (notCounted.length > 0 && uncounted !== true)
    out.note(
      `${notCounted.length} backups of ${bytes} bytes are kept because no database has counted them. The rules remove such backups of one label with --uncounted --label NAME.`,
    );
  return {
    document: {
      folder,
      dry_run: dryRun,
      uncounted: { count: notCounted.length, bytes },
      backups: decided.map(({ name, createdAt, verifiedAt, verdict, why }) => ({
        name,
        created_at: createdAt,
        verified_at: verifiedAt ?? null,
        verdict,
        why,
      })),
    },
  };
};

const rulesOf = ({ keepLast, keepDaily, keepWeekly, keepMonthly }: Options): Partial<KeepRules> => {
  const given = {
    last: wholeNumberOrNone('--keep-last', keepLast),
    daily: wholeNumberOrNone('--keep-daily', keepDaily),
    weekly: wholeNumberOrNone('--keep-weekly', keepWeekly),
    monthly: wholeNumberOrNone('--keep-monthly', keepMonthly),
  };
  return Object.fromEntries(Object.entries(given).filter(([, count]) => count !== undefined));
};

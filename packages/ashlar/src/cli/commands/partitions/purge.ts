import type { Command } from 'commander';
import { AshlarError } from '../../../errors.js';
import { type Purge, purge } from '../../../migrations/index.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import type { Output } from '../../output.js';
import { reportError } from '../../report-error.js';

interface Options {
  readonly dryRun?: boolean;
}

/** `ashlar partitions retire`: rows whose time is over leave, unless they are held. */
export const purgeCommand = (commands: Commands): Command =>
  commands
    .make<Options>('retire', 'let rows leave whose time is over; exit 1 if some of them could not', run)
    .option('--dry-run', 'only tell what would leave');

const run = async (invocation: Invocation, { dryRun = false }: Options): Promise<Answer> => {
  const { out } = invocation;
  const documents: ({ system: string; dry_run: boolean } & Purge)[] = [];
  for (const system of await invocation.systems()) {
    const purged = await invocation.withEngine('owner', (engine) => purge(engine, system, { dryRun }), {
      create: false,
    });
    out.line(out.style('bold', system.name));
    print(out, purged, dryRun);
    if (stuckIn(purged).length > 0 && !out.json) reportError(unmet(system.name, purged), out);
    documents.push({ system: system.name, dry_run: dryRun, ...purged });
  }
  return {
    document: { systems: documents },
    exitCode: documents.some((each) => stuckIn(each).length > 0) ? 1 : 0,
  };
};

const print = (out: Output, { purged, held }: Purge, dryRun: boolean): void => {
  for (const { table, rows, reason, earliest, latest, partition } of purged) {
    const where = partition === undefined ? '' : `, with the partition ${partition}`;
    const days = `${earliest.slice(0, 10)} to ${latest.slice(0, 10)}`;
    out.line(`  ${table}: ${counted(rows)} ${dryRun ? 'would leave' : 'left'}${where} · ${days} · ${reason}`);
  }
  for (const [table, rows] of Object.entries(held)) out.line(`  ${table}: ${counted(rows)} held`);
  if (purged.length === 0) out.line('  no row is due');
};

const counted = (rows: number): string => `${rows} ${rows === 1 ? 'row' : 'rows'}`;

const stuckIn = ({ stuck }: Purge): readonly (readonly [table: string, rows: number])[] =>
  Object.entries(stuck);

const unmet = (system: string, purge: Purge): AshlarError =>
  new AshlarError('retention-unmet', {
    message: `Rows of ${system} whose time is over could not leave.`,
    detail: stuckIn(purge)
      .map(([table, rows]) => `${table}: ${counted(rows)}, to which rows that stay refer`)
      .join('\n'),
    suggestion: 'Give the tables that refer to them a time that is no longer.',
  });

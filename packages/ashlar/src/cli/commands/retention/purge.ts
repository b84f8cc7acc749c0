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

/** `ashlar retention purge`: deletes expired rows, except those under a legal hold. */
export function purgeCommand(commands: Commands): Command {
  return commands
    .make<Options>(
      'purge',
      'delete expired rows, except those under a legal hold; exit 1 if any other expired row remains',
      run,
    )
    .option('--dry-run', 'delete nothing; show what would be deleted');
}

async function run(invocation: Invocation, { dryRun = false }: Options): Promise<Answer> {
  const { out } = invocation;
  const documents: ({ system: string; dry_run: boolean } & Purge)[] = [];
  for (const system of await invocation.systems()) {
    const purged = await invocation.withEngine('owner', (engine) => purge(engine, system, { dryRun }), {
      create: false,
      system,
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
}

function print(out: Output, { purged, held }: Purge, dryRun: boolean): void {
  for (const { table, rows, reason, earliest, latest, partition } of purged) {
    const where = partition === undefined ? '' : `, with the partition ${partition}`;
    const days = `${earliest.slice(0, 10)} to ${latest.slice(0, 10)}`;
    out.line(
      `  ${table}: ${counted(rows)} ${dryRun ? 'would be purged' : 'purged'}${where} · ${days} · ${reason}`,
    );
  }
  for (const [table, rows] of Object.entries(held))
    out.line(`  ${table}: ${counted(rows)} under a legal hold`);
  if (purged.length === 0) out.line('  nothing to purge');
}

function counted(rows: number): string {
  return `${rows} ${rows === 1 ? 'row' : 'rows'}`;
}

function stuckIn({ stuck }: Purge): readonly (readonly [table: string, rows: number])[] {
  return Object.entries(stuck);
}

function unmet(system: string, purged: Purge): AshlarError {
  return new AshlarError('retention-unmet', {
    message: `Expired rows of ${system} could not be purged.`,
    detail: stuckIn(purged)
      .map(([table, rows]) => `${table}: ${counted(rows)}, because rows that have not expired refer to them`)
      .join('\n'),
    suggestion: 'Give the referring tables a retention period that is not longer than that of these rows.',
  });
}

import type { Command } from 'commander';
import type { FoundationVersion } from '../../../contract/dialect.js';
import { versionName } from '../../../migrations/foundation.js';
import { type PlannedStep, plan } from '../../../migrations/plan.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import type { Output } from '../../output.js';
import { printWaiting } from '../../print-dangers.js';
import { contractHelp } from '../../step-progress.js';

interface Options {
  readonly to?: string;
  readonly allowLate?: boolean;
  readonly contract?: boolean;
  readonly sql?: boolean;
}

/** `ashlar migrate plan`: summarises the migration steps that `ashlar migrate up` would run. */
export function planCommand(commands: Commands): Command {
  return commands
    .make<Options>('plan', 'summarise the pending steps, and point out dangerous statements', run)
    .option('--sql', 'also print the SQL of each step')
    .option('--to <step>', 'only up to this step')
    .option('--contract', contractHelp)
    .option('--allow-late', 'include steps that sort before an applied step');
}

async function run(invocation: Invocation, { sql = false, ...options }: Options): Promise<Answer> {
  const { out } = invocation;
  const documents: unknown[] = [];
  for (const system of await invocation.systems()) {
    const planned = await invocation.withEngine('owner', (engine) => plan(engine, system, options), {
      system,
    });
    const count = planned.steps.length;
    out.line(
      `${out.style('bold', system.name)} · ${planned.applied} applied, head ${planned.head ?? 'none'} · ${count} to apply`,
    );
    for (const version of planned.foundation) printVersion(out, version, sql);
    for (const step of planned.steps) printStep(out, step, sql);
    printWaiting(out, planned);
    documents.push({
      system: system.name,
      head: planned.head ?? null,
      applied: planned.applied,
      foundation: planned.foundation.map((version) => ({ ...version, version: versionName(version) })),
      waiting: planned.waiting,
      steps: planned.steps.map(({ step, dangers, summary, tables }) => ({
        step: step.name,
        checksum: step.checksum,
        file: step.up.file,
        mode: step.up.mode,
        statements: step.up.kind === 'sql' ? step.up.statements.length : null,
        sql: step.up.kind === 'sql' ? step.up.text : null,
        summary,
        tables,
        dangers,
      })),
    });
  }
  return { document: { systems: documents } };
}

function printVersion(out: Output, version: FoundationVersion, sql: boolean): void {
  const { change, oldest } = version;
  const count = `${change.length} statement${change.length === 1 ? '' : 's'}`;
  out.line(`  Ashlar’s own objects · ${versionName(version)} · ${count}`);
  if (oldest > 1)
    out.line(
      `    ${out.style('yellow', 'careful')} releases that do not know version ${oldest} stop working`,
    );
  if (sql) for (const statement of change) out.line(`${statement};`.replace(/^(?=.)/gm, '    '));
}

function printStep(out: Output, { step, dangers, summary, tables }: PlannedStep, sql: boolean): void {
  const { up } = step;
  const count = up.kind === 'sql' ? up.statements.length : 0;
  const what = up.kind === 'code' ? 'code' : `${count} statement${count === 1 ? '' : 's'}`;
  out.line(`  ${step.name} · ${up.file} · ${what}${up.mode === 'transaction' ? '' : ` · ${up.mode}`}`);
  for (const line of summary) out.line(`    ${line}`);
  for (const { table, rows } of tables) out.line(`    ${table} has about ${rows} rows`);
  for (const { line, why, instead, lock } of dangers) {
    out.line(
      `    ${out.style('yellow', 'careful')} line ${line}: ${why}${lock === undefined ? '' : ` (${lock})`}`,
    );
    out.line(`      instead: ${instead}`);
  }
  if (sql && up.kind === 'sql') out.line(up.text.trimEnd().replace(/^(?=.)/gm, '    '));
}

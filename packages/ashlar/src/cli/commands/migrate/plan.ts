import type { Command } from 'commander';
import { plan } from '../../../migrations/index.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';

interface Options {
  readonly to?: string;
  readonly allowLate?: boolean;
}

/** `ashlar migrate plan`: what `up` would run. */
export const planCommand = (commands: Commands): Command =>
  commands
    .make<Options>('plan', 'what up would run, with dangerous statements pointed out', run)
    .option('--to <step>', 'only up to this step')
    .option('--allow-late', 'also steps that sort before one that is applied');

const run = async (invocation: Invocation, options: Options): Promise<Answer> => {
  const { out } = invocation;
  const documents: unknown[] = [];
  for (const system of await invocation.systems()) {
    const planned = await invocation.withEngine('owner', (engine) => plan(engine, system, options));
    out.line(
      `${out.style('bold', system.name)} · ${planned.applied} applied · head ${planned.head ?? 'none'}`,
    );
    if (planned.steps.length === 0) out.line('  nothing to do');
    for (const { step, dangers } of planned.steps) {
      out.line(
        `  ${step.name} (${step.up.file}${step.up.mode === 'transaction' ? '' : `, ${step.up.mode}`})`,
      );
      for (const { line, why } of dangers)
        out.line(`    ${out.style('yellow', 'careful')} line ${line}: ${why}`);
      if (step.up.kind === 'sql') out.line(step.up.text.trimEnd().replace(/^(?=.)/gm, '    '));
    }
    documents.push({
      system: system.name,
      head: planned.head ?? null,
      applied: planned.applied,
      steps: planned.steps.map(({ step, dangers }) => ({
        step: step.name,
        checksum: step.checksum,
        file: step.up.file,
        mode: step.up.mode,
        sql: step.up.kind === 'sql' ? step.up.text : null,
        dangers,
      })),
    });
  }
  return { document: { systems: documents } };
};

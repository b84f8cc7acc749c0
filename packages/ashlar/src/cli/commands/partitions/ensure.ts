import type { Command } from 'commander';
import { maintain } from '../../../migrations/index.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';

/** `ashlar partitions ensure`: creates partitions ahead of time, as `ashlar up` does. */
export function ensureCommand(commands: Commands): Command {
  return commands.make('ensure', 'create partitions ahead of time; safe to repeat', run);
}

const run = async (invocation: Invocation): Promise<Answer> => {
  const { out } = invocation;
  const documents: { system: string; done: readonly string[]; good_until: string | null }[] = [];
  for (const system of await invocation.systems()) {
    const { done, goodUntil } = await invocation.withEngine(
      'owner',
      (engine) => maintain(engine, Object.values(system.tables), new Date()),
      { create: false, system },
    );
    out.line(out.style('bold', system.name));
    for (const line of done) out.line(`  ${line}`);
    if (done.length === 0) out.line('  nothing to do');
    if (goodUntil) out.line(`  no more partitions needed until ${goodUntil.toISOString().slice(0, 10)}`);
    documents.push({ system: system.name, done, good_until: goodUntil?.toISOString() ?? null });
  }
  return { document: { systems: documents } };
};

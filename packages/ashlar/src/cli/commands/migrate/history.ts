import type { Command } from 'commander';
import { history } from '../../../migrations/index.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';

/** `ashlar migrate history`: what was applied, when and by whom. */
export function historyCommand(commands: Commands): Command {
  return commands.make('history', 'what was applied, when, by whom and how long it took', run);
}

const run = async (invocation: Invocation): Promise<Answer> => {
  const { out } = invocation;
  const documents: unknown[] = [];
  for (const system of await invocation.systems()) {
    const look = { create: false };
    const applied = await invocation.withEngine('app', (engine) => history(engine, system), look);
    out.line(out.style('bold', system.name));
    if (applied.length === 0) out.line('  nothing was applied');
    else {
      out.table(
        ['step', 'applied at', 'by', 'ms', 'checksum'],
        applied.map((row) => [
          row.step,
          row.applied_at,
          row.applied_by,
          row.duration_ms,
          row.checksum.slice(0, 12),
        ]),
      );
    }
    documents.push({ system: system.name, applied });
  }
  return { document: { systems: documents } };
};

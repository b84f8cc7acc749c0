import type { Command } from 'commander';
import { history } from '../../../migrations/history.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { printTable } from '../../print-table.js';

/** `ashlar migrate history`: lists the applied migration steps. */
export function historyCommand(commands: Commands): Command {
  return commands.make('history', 'list the applied steps: when, by whom, and how long each took', run);
}

const run = async (invocation: Invocation): Promise<Answer> => {
  const { out } = invocation;
  const documents: unknown[] = [];
  for (const system of await invocation.systems()) {
    const look = { create: false, system };
    const applied = await invocation.withEngine('app', (engine) => history(engine, system), look);
    out.line(out.style('bold', system.name));
    if (applied.length === 0) out.line('  no steps applied');
    else {
      printTable(
        out,
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

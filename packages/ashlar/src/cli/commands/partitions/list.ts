import type { Command } from 'commander';
import { listPartitions, type TablePartitions } from '../../../maintenance/partitions.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { printTable } from '../../print-table.js';

/** `ashlar partitions list`: lists all partitions, each with its bounds and its estimated number of rows. */
export function listPartitionsCommand(commands: Commands): Command {
  return commands.make('list', 'list all partitions: bounds, and the estimated number of rows', run);
}

const run = async (invocation: Invocation): Promise<Answer> => {
  const { out } = invocation;
  const all: ({ readonly system: string } & TablePartitions)[] = [];
  for (const system of await invocation.systems()) {
    const found = await invocation.withEngine('owner', (engine) => listPartitions(engine, system), {
      create: false,
      system,
    });
    all.push(...found.map((each) => ({ system: system.name, ...each })));
  }
  if (all.length === 0) out.line('no partitions');
  else {
    printTable(
      out,
      ['table', 'partition', 'from', 'to', 'rows (estimate)'],
      all.flatMap(({ table, partitions }) =>
        partitions.map(({ name, from, to, rows }) => [table, name, from ?? '–', to ?? '–', rows]),
      ),
    );
  }
  return { document: { tables: all } };
};

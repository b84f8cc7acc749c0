import type { Command } from 'commander';
import type { Engine, Partition } from '../../../contract/engine.js';
import type { System } from '../../../system/system.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { printTable } from '../../print-table.js';

interface TablePartitions {
  readonly system: string;
  readonly table: string;
  readonly partitions: readonly Partition[];
}

/** `ashlar partitions list`: lists all partitions, each with its bounds and its estimated number of rows. */
export function listPartitionsCommand(commands: Commands): Command {
  return commands.make('list', 'list all partitions: bounds, and the estimated number of rows', run);
}

const run = async (invocation: Invocation): Promise<Answer> => {
  const { out } = invocation;
  const all: TablePartitions[] = [];
  for (const system of await invocation.systems())
    all.push(
      ...(await invocation.withEngine('owner', (engine) => partitionsOf(engine, system), { create: false })),
    );
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

const partitionsOf = (engine: Engine, system: System): Promise<TablePartitions[]> =>
  engine.asOwner(async (owner) => {
    const found: TablePartitions[] = [];
    for (const { name } of Object.values(system.tables)) {
      const partitions = await engine.partitions(owner, name);
      if (partitions.length > 0) found.push({ system: system.name, table: name, partitions });
    }
    return found;
  });

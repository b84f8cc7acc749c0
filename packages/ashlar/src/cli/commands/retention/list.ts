import type { Command } from 'commander';
import { type RetentionStatus, retentionStatus } from '../../../maintenance/retention-status.js';
import { assertInitialised } from '../../assert-initialised.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { printTable } from '../../print-table.js';

/** `ashlar retention list`: shows the retention period of each table, and its expired rows. */
export function listRetentionCommand(commands: Commands): Command {
  return commands.make(
    'list',
    'show the retention period of each table, and how many rows have expired',
    run,
  );
}

async function run(invocation: Invocation): Promise<Answer> {
  const { out } = invocation;
  const all: ({ readonly system: string } & RetentionStatus)[] = [];
  for (const system of await invocation.systems()) {
    const found = await invocation.withEngine(
      'owner',
      async (engine) => {
        await assertInitialised(engine, system);
        return retentionStatus(engine, system);
      },
      { create: false, system },
    );
    all.push(...found.map((each) => ({ system: system.name, ...each })));
  }
  if (all.length === 0) out.line('no table has a retention period');
  else {
    printTable(
      out,
      ['table', 'period', 'from', 'reason', 'due', 'held', 'stuck'],
      all.map(({ table, period_text, column, reason, due, held, stuck }) => [
        table,
        period_text,
        column,
        reason,
        due,
        held,
        stuck,
      ]),
    );
    out.note(
      'due: `ashlar retention purge` deletes these rows · held: under a legal hold · stuck: other rows refer to them',
    );
  }
  return { document: { tables: all } };
}

import type { Command } from 'commander';
import { applyRoles } from '../../../roles/index.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { withUsableDatabase } from '../../with-usable-database.js';

interface Options {
  readonly owner?: string;
}

/** `ashlar roles apply`: creates missing roles, and gives all roles exactly the rights that the guarantees allow. */
export function applyCommand(commands: Commands): Command {
  return commands
    .make<Options>(
      'apply',
      'create the roles, and give them exactly the rights that the guarantees allow',
      run,
    )
    .option('--owner <name>', 'also create this role, without login, and make it the owner of the tables');
}

const run = async (invocation: Invocation, { owner }: Options): Promise<Answer> => {
  const { out } = invocation;
  const documents: { system: string; corrected: readonly string[] }[] = [];
  for (const system of await invocation.systems()) {
    out.line(out.style('bold', system.name));
    const changes = await withUsableDatabase(invocation, system, (engine) =>
      applyRoles(engine, system, { ...invocation.roles(), owner }),
    );
    for (const { sql } of changes) out.line(`  ${sql}`);
    if (changes.length === 0) out.line('  nothing to do');
    documents.push({ system: system.name, corrected: changes.map(({ difference }) => difference) });
  }
  return { document: { systems: documents } };
};

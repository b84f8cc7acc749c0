import type { Command } from 'commander';
import { rolesSql } from '../../../roles/index.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { withUsableDatabase } from '../../with-usable-database.js';

interface Options {
  readonly owner?: string;
}

/** `ashlar roles sql`: prints the SQL statements that `ashlar roles apply` would run now. */
export function rolesSqlCommand(commands: Commands): Command {
  return commands
    .make<Options>('sql', 'print the SQL statements that `ashlar roles apply` would run now, for a DBA', run)
    .option('--owner <name>', 'also print the statements that make this role the owner of the tables');
}

const run = async (invocation: Invocation, { owner }: Options): Promise<Answer> => {
  const documents: { system: string; sql: string }[] = [];
  for (const system of await invocation.systems()) {
    const sql = await withUsableDatabase(invocation, system, (engine) =>
      rolesSql(engine, system, { ...invocation.roles(), owner }),
    );
    invocation.out.line(sql === '' ? `-- ${system.name}: nothing to do` : sql.trimEnd());
    documents.push({ system: system.name, sql });
  }
  return { document: { systems: documents } };
};

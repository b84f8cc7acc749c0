import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { dumpFile, dumpSchema } from '../../../migrations/dump-schema.js';
import type { Answer, Commands } from '../../command.js';
import { chosenDialects } from '../../dialect-option.js';
import type { Invocation } from '../../invocation.js';

interface Options {
  readonly dialect?: string;
  readonly write?: boolean;
}

/** `ashlar migrate dump`: prints the schema that all migration steps together create. */
export function dumpCommand(commands: Commands): Command {
  return commands
    .make<Options>('dump', 'print the schema that all steps together create', run)
    .option('--dialect <name>', 'sqlite or postgres (default: both)')
    .option('--write', 'write schema.sqlite.sql and schema.postgres.sql next to the migrations folder');
}

const run = async (invocation: Invocation, options: Options): Promise<Answer> => {
  const { out } = invocation;
  const dumps: { system: string; dialect: string; sql: string }[] = [];
  for (const system of await invocation.systems()) {
    for (const dialect of chosenDialects(options.dialect, await invocation.engines(system.migrations))) {
      const sql = await dumpSchema(system, dialect);
      if (options.write) {
        await writeFile(dumpFile(system, dialect), sql);
        out.line(`wrote schema.${dialect}.sql of ${system.name}`);
      } else out.line(sql.trimEnd());
      dumps.push({ system: system.name, dialect, sql });
    }
  }
  return { document: { dumps } };
};

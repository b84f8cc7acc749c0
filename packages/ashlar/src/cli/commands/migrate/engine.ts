import { join } from 'node:path';
import type { Command } from 'commander';
import { AshlarError } from '../../../errors.js';
import { addEngine } from '../../../migrations/other-engine.js';
import { folderPath } from '../../../migrations/steps.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { inFolder } from '../../step-decisions.js';

/** `ashlar migrate engine`: gives the steps of a system files for the other engine, before a move to it. */
export function engineCommand(commands: Commands): Command {
  return commands
    .make('engine', 'write the files of every step for the other engine, as before a move to it', run)
    .argument('<engine>', 'sqlite or postgres');
}

const run = async (invocation: Invocation, _options: unknown, engine = ''): Promise<Answer> => {
  const { out } = invocation;
  if (engine !== 'sqlite' && engine !== 'postgres')
    throw new AshlarError('usage', {
      message: `Unknown engine ${engine}.`,
      suggestion: 'Write ashlar migrate engine postgres, or sqlite.',
    });
  const system = await invocation.system();
  const added = await addEngine(system, engine);
  if (!added) {
    out.line(`nothing to do: every step of ${system.name} has files for ${engine}`);
    return { document: { system: system.name, engine, files: [], writes_rows: [] } };
  }
  for (const file of added.files)
    out.line(`wrote ${inFolder(invocation, join(folderPath(system.migrations), file))}`);
  for (const step of added.writesRows)
    out.note(
      `${out.styleNote('yellow', 'note')} ${step} writes rows: a new database of ${engine} does not get them. A move brings them; else write the statements into up.${engine}.sql`,
    );
  out.line(`next: add '${engine}' to engines in the configuration, if it lists them`);
  return {
    document: { system: system.name, engine, files: added.files, writes_rows: added.writesRows },
  };
};

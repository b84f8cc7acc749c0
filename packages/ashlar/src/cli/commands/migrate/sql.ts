import type { Command } from 'commander';
import { defaultActor } from '../../../migrations/actor.js';
import { plan } from '../../../migrations/plan.js';
import { sqlOf } from '../../../migrations/sql-of.js';
import { readSteps } from '../../../migrations/steps.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';

interface Options {
  readonly to?: string;
  readonly allowLate?: boolean;
  readonly all?: boolean;
}

/** `ashlar migrate sql`: prints the SQL that `ashlar migrate up` would run, so that a DBA can run it. */
export function sqlCommand(commands: Commands): Command {
  return commands
    .make<Options>('sql', 'print the SQL that `ashlar migrate up` would run, with its history entries', run)
    .option('--to <step>', 'only up to this step')
    .option('--allow-late', 'include steps that sort before an applied step')
    .option('--all', 'print all steps, as for an empty database');
}

const run = async (invocation: Invocation, options: Options): Promise<Answer> => {
  const system = await invocation.system();
  const sql = await invocation.withEngine('owner', async (engine) => {
    const planned = options.all ? undefined : await plan(engine, system, options);
    const steps =
      planned?.steps.map(({ step }) => step) ?? (await readSteps(system.migrations, engine.dialect.name));
    return sqlOf({
      dialect: engine.dialect,
      system: system.name,
      guards: system.guards,
      steps,
      actor: defaultActor(),
      firstEver: (planned?.applied ?? 0) === 0,
      ...(planned ? { foundation: planned.foundation } : {}),
    });
  });
  invocation.out.line(sql.trimEnd());
  return { document: { system: system.name, sql } };
};

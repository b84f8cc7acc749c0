import type { Command } from 'commander';
import { AshlarError } from '../../../errors.js';
import { check as checkMigrations } from '../../../migrations/model-changes.js';
import type { Answer, Commands } from '../../command.js';
import { chosenDialects } from '../../dialect-option.js';
import type { Invocation } from '../../invocation.js';
import { reportError } from '../../report-error.js';

interface Options {
  readonly dialect?: string;
}

/** `ashlar migrate check`: compares the migrations with the declared tables. */
export function checkCommand(commands: Commands): Command {
  return commands
    .make<Options>('check', 'compare the migrations with the declared tables; exit 1 on a difference', run)
    .option('--dialect <name>', 'sqlite or postgres (default: both)');
}

const run = async (invocation: Invocation, options: Options): Promise<Answer> => {
  const { out } = invocation;
  const checks: { system: string; dialect: string; ok: boolean; differences: string[] }[] = [];
  for (const system of await invocation.systems()) {
    for (const dialect of chosenDialects(options.dialect, await invocation.engines(system.migrations))) {
      const failure = await checkMigrations(system, dialect).then(() => undefined, onlyPending);
      const differences = failure?.detail?.split('\n') ?? [];
      checks.push({ system: system.name, dialect, ok: failure === undefined, differences });
      if (failure && !out.json) reportError(failure, out);
      if (!failure) out.line(`${out.style('green', 'ok')} ${system.name} on ${dialect}`);
    }
  }
  return { document: { checks }, exitCode: checks.every(({ ok }) => ok) ? 0 : 1 };
};

const onlyPending = (error: unknown): AshlarError => {
  if (error instanceof AshlarError && error.code === 'migration-pending') return error;
  throw error;
};

import type { Command } from 'commander';
import { AshlarError } from '../../../errors.js';
import { withProvenSchemas } from '../../../migrations/catalogue/with-steps.js';
import { checkRoles } from '../../../roles/index.js';
import type { Answer, Commands } from '../../command.js';
import type { Invocation } from '../../invocation.js';
import { reportError } from '../../report-error.js';
import { withUsableDatabase } from '../../with-usable-database.js';

/** `ashlar roles check`: compares the rights of the roles with the rights that the guarantees allow. */
export function checkRolesCommand(commands: Commands): Command {
  return commands.make(
    'check',
    'compare the rights of the roles with what the guarantees allow; exit 1 on a difference',
    run,
  );
}

const run = async (invocation: Invocation): Promise<Answer> => {
  const { out } = invocation;
  const checks: { system: string; ok: boolean; differences: readonly string[] }[] = [];
  for (const system of await invocation.systems()) {
    const differences = await withUsableDatabase(invocation, system, async (engine) =>
      checkRoles(engine, await withProvenSchemas(engine, system), invocation.roles()),
    );
    const ok = differences.length === 0;
    checks.push({ system: system.name, ok, differences });
    if (ok) out.line(`${out.style('green', 'ok')} ${system.name}`);
    else if (!out.json) reportError(differ(system.name, differences), out);
  }
  return { document: { checks }, exitCode: checks.every(({ ok }) => ok) ? 0 : 1 };
};

const differ = (system: string, differences: readonly string[]): AshlarError =>
  new AshlarError('roles-differ', {
    message: `The rights of the roles differ from what the guarantees of ${system} allow.`,
    detail: differences.join('\n'),
    suggestion: 'Run `ashlar roles apply`. To see its statements first, run `ashlar roles sql`.',
  });

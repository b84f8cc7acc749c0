import type { Command } from 'commander';
import { AshlarError } from '../../../errors.js';
import { checkGuard, type GuardFinding } from '../../../guard/check.js';
import type { Answer, Commands } from '../../command.js';
import { guardsOf } from '../../guards.js';
import type { Invocation } from '../../invocation.js';
import { reportError } from '../../report-error.js';

/** `ashlar guard check`: finds what keeps guards from holding, for CI after another tool's migration. */
export function guardCheckCommand(commands: Commands): Command {
  return commands.make(
    'check',
    'find what another tool’s migration removed or weakened; changes nothing; exit 1 on a finding',
    run,
  );
}

const run = async (invocation: Invocation): Promise<Answer> => {
  const { out } = invocation;
  const checks: { system: string; ok: boolean; found: readonly GuardFinding[] }[] = [];
  for (const system of await guardsOf(invocation)) {
    const found = await invocation.withEngine(
      'owner',
      (engine) => checkGuard(engine, system, invocation.roles()),
      { create: false, system },
    );
    const ok = found.length === 0;
    checks.push({ system: system.name, ok, found });
    if (ok) out.line(`${out.style('green', 'ok')} ${system.name}`);
    else if (!out.json) reportError(guardBroken(system.name, found), out);
  }
  const broken = checks.filter(({ ok }) => !ok);
  const [first] = broken;
  return {
    document: { checks, ...(first ? { error: guardBroken(first.system, first.found) } : {}) },
    exitCode: broken.length > 0 ? 1 : 0,
  };
};

const guardBroken = (system: string, found: readonly GuardFinding[]): AshlarError =>
  new AshlarError('guard-broken', {
    message: `The guard ${system} does not hold: ${found[0]?.found}.`,
    detail: found.map((each) => `${each.found} → ${each.remedy}`).join('\n'),
    suggestion: 'Run `ashlar guard up` after each migration of the tool. It restores what is missing.',
  });

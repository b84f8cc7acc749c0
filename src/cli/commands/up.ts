import type { Command } from 'commander';
import type { Engine } from '../../engines/engine.js';
import { maintain, type RunStep, up } from '../../migrations/index.js';
import type { System } from '../../system.js';
import type { Answer, Commands } from '../command.js';
import type { Invocation } from '../invocation.js';
import { printDangers } from '../print-dangers.js';
import { printGrants } from '../print-grants.js';

interface Options {
  readonly actor?: string;
}

/** `ashlar up`: from nothing, or from whatever is there, to a database in order. */
export const upCommand = (commands: Commands): Command =>
  commands
    .make<Options>(
      'up',
      'create what is missing, migrate to head, grant, make partitions; run again, it changes nothing',
      run,
    )
    .option('--actor <name>', 'who is recorded as having applied the steps');

const run = async (invocation: Invocation, options: Options): Promise<Answer> => {
  const chosen = await invocation.systems();
  const done: UpReport[] = [];
  for (const system of chosen) {
    done.push(await invocation.withEngine('owner', (engine) => bringUp(invocation, engine, system, options)));
  }
  return { document: { systems: done } };
};

interface UpReport {
  readonly system: string;
  readonly engine: string;
  readonly url: string;
  readonly applied: readonly RunStep[];
  /** What was other than it should be about roles and rights, and was mended. */
  readonly roles: readonly string[];
  readonly maintained: readonly string[];
  readonly changed: boolean;
}

const bringUp = async (
  invocation: Invocation,
  engine: Engine,
  system: System,
  options: Options,
): Promise<UpReport> => {
  const { out } = invocation;
  const roles: string[] = [];
  out.line(`${out.style('bold', system.name)} · ${engine.label} · ${engine.url}`);
  const applied = await up(engine, system, {
    actor: options.actor,
    roles: invocation.roles(),
    onRoles: (changes) => {
      roles.push(...changes.map(({ difference }) => difference));
      printGrants(out, invocation.roles(), changes);
    },
    onPlan: (plan) => printDangers(out, plan.steps),
    onStep: ({ step, duration_ms }) =>
      out.line(`  ${out.style('green', 'applied')} ${step} (${duration_ms} ms)`),
  });
  const { done: maintained } = await maintain(engine, Object.values(system.tables), new Date());
  for (const line of maintained) out.line(`  ${line}`);
  const changed = applied.length > 0 || roles.length > 0 || maintained.length > 0;
  if (!changed) out.line('  nothing to do');
  return { system: system.name, engine: engine.label, url: engine.url, applied, roles, maintained, changed };
};

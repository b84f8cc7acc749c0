import type { Engine } from '../contract/engine.js';
import type { SystemFacts } from '../contract/system.js';
import { AshlarError } from '../errors.js';
import { grantWhereRolesAre } from '../roles/roles.js';
import { assertHistory, compareHistory } from './compare-history.js';
import { type AppliedStep, forgetSql, readHistory } from './history.js';
import { findStep } from './plan.js';
import { inTransaction, runBody } from './run-step.js';
import { byStepOrder, readSteps, type Step, type StepBody } from './steps.js';
import { lockLimit, type RunOptions, type RunStep } from './up.js';

/** The options of `down`. */
export interface DownOptions extends RunOptions {
  /** The number of steps to undo. Default 1. */
  readonly steps?: number | undefined;
  /** The last step that remains applied; `base` undoes all steps. */
  readonly to?: string | undefined;
  readonly onStep?: ((step: RunStep) => void) | undefined;
}

interface WayBack {
  readonly step: Step;
  readonly body: StepBody;
}

/**
 * Undoes applied steps, the latest first; each is undone and removed from the history in one transaction. Nothing is
 * undone when one of them cannot be undone.
 *
 * @throws AshlarError `migration-irreversible`, `migration-changed`, `migration-missing`, `migration-failed`
 */
export async function down(
  engine: Engine,
  system: SystemFacts,
  options: DownOptions = {},
): Promise<RunStep[]> {
  const steps = await readSteps(system.migrations, engine.dialect.name);
  return engine.asOwner(
    async (connection) => {
      const owner = engine.dialect.ownerOfSteps(connection);
      const everything = await readHistory(owner, engine.dialect);
      const applied = everything.filter((row) => row.system === system.name);
      assertHistory(system.name, compareHistory(steps, applied), { allowLate: true });
      const done: RunStep[] = [];
      for (const { step, body } of waysBack(system, steps, applied, options)) {
        const started = performance.now();
        const forget = async () => {
          await owner.script(forgetSql(system.name, step.name));
          // a table that is created again has the default rights of new tables
          await grantWhereRolesAre(owner, engine.dialect, system, options.roles);
        };
        const limit = lockLimit(options);
        if (body.mode === 'no-transaction') {
          await runBody(engine, owner, step, body);
          await owner.atomically(forget, limit);
        } else {
          await inTransaction({ engine, owner, step, body, options: limit }, async () => true, forget);
        }
        const ran = { step: step.name, duration_ms: Math.round(performance.now() - started) };
        done.push(ran);
        options.onStep?.(ran);
      }
      return done;
    },
    { exclusive: true },
  );
}

const waysBack = (
  system: SystemFacts,
  steps: readonly Step[],
  applied: readonly AppliedStep[],
  options: DownOptions,
): WayBack[] => {
  const names = applied.map(({ step }) => step).sort((a, b) => byStepOrder(b, a));
  return chosen(system, steps, names, options).map((name) => {
    const step = findStep(system.name, steps, name);
    if (step.down && !step.down.irreversible && !step.up.irreversible) return { step, body: step.down };
    throw new AshlarError('migration-irreversible', {
      message: `Step ${name} of ${system.name} cannot be undone.`,
      detail: step.down
        ? `${step.up.irreversible ? step.up.file : step.down.file} is marked as irreversible.`
        : 'The step has no down file.',
      suggestion: 'Write a new step that makes the wanted change, or complete the down file.',
    });
  });
};

const chosen = (
  system: SystemFacts,
  steps: readonly Step[],
  newestFirst: readonly string[],
  options: DownOptions,
): readonly string[] => {
  if (options.to === undefined) return newestFirst.slice(0, options.steps ?? 1);
  if (options.to === 'base') return newestFirst;
  const target = findStep(system.name, steps, options.to).name;
  return newestFirst.filter((name) => byStepOrder(name, target) > 0);
};

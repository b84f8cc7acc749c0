import type { Engine } from '../contract/engine.js';
import type { Owner } from '../contract/owner.js';
import type { RoleChange, Roles } from '../contract/roles.js';
import type { SystemFacts } from '../contract/system.js';
import { grantRights, prepareRoles } from '../roles/roles.js';
import { defaultActor } from './actor.js';
import { assertHistory, compareHistory } from './compare-history.js';
import { ensureHistory, readHistory, recordSql } from './history.js';
import { type Plan, type PlannedStep, type PlanOptions, planOn, readSystemSteps } from './plan.js';
import { inTransaction, runBody } from './run-step.js';
import type { Step } from './steps.js';

/** The options that `up` and `down` share. */
export interface RunOptions {
  /** The actor, which is recorded as `applied_by`; by default the user of the operating system. */
  readonly actor?: string | undefined;
  /** How long a step may wait for a lock, in milliseconds; by default the lock timeout of its connection. */
  readonly lockTimeout?: number | undefined;
  /**
   * The roles to grant rights to; by default `ashlar_app` and `ashlar_auditor`. {@link rolesFrom} reads them from the
   * settings.
   */
  readonly roles?: Roles | undefined;
}

/** The options of `up`. */
export interface UpOptions extends PlanOptions, RunOptions {
  /** Called with the plan before anything runs. */
  readonly onPlan?: ((plan: Plan) => void) | undefined;
  /** Called with each step after it has run. */
  readonly onStep?: ((step: RunStep) => void) | undefined;
  /** Called with the changes that were made to roles and rights, if any. */
  readonly onRoles?: ((changes: readonly RoleChange[]) => void) | undefined;
}

/** A step that `up` or `down` ran. */
export interface RunStep {
  readonly step: string;
  readonly duration_ms: number;
}

/**
 * Applies the pending steps, one process at a time, each step in a transaction that also records it in the history and
 * grants the rights that the guarantees allow. After a crash at any point, the next `up` completes the database.
 *
 * @returns the steps that ran; empty when nothing was pending
 * @throws AshlarError what {@link planOn} throws, `role-missing` and `role-too-strong` (before any step is run),
 *   `migration-failed`, `migration-locked`, `lock-timeout`
 */
export async function up(engine: Engine, system: SystemFacts, options: UpOptions = {}): Promise<RunStep[]> {
  const steps = await readSystemSteps(engine, system);
  return engine.asOwner(
    async (connection) => {
      const owner = engine.dialect.ownerOfSteps(connection);
      const plan = await planOn({ engine, owner, system, steps, options });
      options.onPlan?.(plan);
      const changed = [...(await prepareRoles(owner, engine.dialect, system, options.roles))];
      const grant = (): Promise<readonly RoleChange[]> =>
        grantRights(owner, engine.dialect, system, options.roles);
      // a statement outside a transaction would not wait for another process that writes
      await owner.atomically(async () => {
        await ensureHistory(owner, engine.dialect);
        // before any step: its new tables get their rights by default privileges
        changed.push(...(await grant()));
      });
      const done: RunStep[] = [];
      for (const planned of plan.steps) {
        const ran = await applyStep({
          engine,
          owner,
          system,
          steps,
          planned,
          options,
          grant,
        });
        if (!ran) continue;
        const { granted, ...step } = ran;
        // rights that a new table has by default and loses at once are not reported
        changed.push(...granted.filter(({ takes }) => !takes));
        done.push(step);
        options.onStep?.(step);
      }
      if (changed.length > 0) options.onRoles?.(changed);
      return done;
    },
    { exclusive: true },
  );
}

/** Returns an object that contains only the lock timeout of the given options; empty if they have none. */
export function lockLimit({ lockTimeout }: RunOptions): { lockTimeout?: number } {
  return lockTimeout === undefined ? {} : { lockTimeout };
}

interface StepToApply {
  readonly engine: Engine;
  readonly owner: Owner;
  readonly system: SystemFacts;
  readonly steps: readonly Step[];
  readonly planned: PlannedStep;
  readonly options: UpOptions;
  readonly grant: () => Promise<readonly RoleChange[]>;
}

interface AppliedStep extends RunStep {
  readonly granted: readonly RoleChange[];
}

const applyStep = async ({
  engine,
  owner,
  system,
  steps,
  planned: { step },
  options,
  grant,
}: StepToApply): Promise<AppliedStep | undefined> => {
  const { mode } = step.up;
  const limit = lockLimit(options);
  const started = performance.now();
  const isPending = async (): Promise<boolean> => {
    const applied = (await readHistory(owner, engine.dialect)).filter((row) => row.system === system.name);
    const comparison = compareHistory(steps, applied);
    assertHistory(system.name, comparison, options);
    return comparison.pending.includes(step);
  };
  const record = async (): Promise<AppliedStep> => {
    const duration = performance.now() - started;
    await owner.script(
      recordSql({
        dialect: engine.dialect,
        system: system.name,
        step,
        actor: options.actor ?? defaultActor(),
        milliseconds: duration,
      }),
    );
    return { step: step.name, duration_ms: Math.round(duration), granted: await grant() };
  };
  if (mode === 'no-transaction') {
    if (!(await isPending())) return undefined;
    await runBody(engine, owner, step, step.up);
    return owner.atomically(record, limit);
  }
  // `isPending` is read inside: where the lock was lost, the transaction still sees the steps of another process
  return inTransaction({ engine, owner, step, body: step.up, options: limit }, isPending, record);
};

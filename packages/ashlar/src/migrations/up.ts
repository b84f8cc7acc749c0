import type { Foundation } from '../contract/dialect.js';
import type { Engine } from '../contract/engine.js';
import type { Owner } from '../contract/owner.js';
import type { RoleChange, Roles } from '../contract/roles.js';
import type { SystemFacts } from '../contract/system.js';
import { grantRights, prepareRoles } from '../roles/roles.js';
import { defaultActor } from './actor.js';
import type { BatchProgress } from './batches/run-batches.js';
import { runWithoutTransaction } from './batches/run-without-transaction.js';
import { assertHistory, compareHistory } from './compare-history.js';
import { isWithoutTransaction } from './directives.js';
import { type AppliedVersion, assertUsable, foundationState, upgradeFoundation } from './foundation.js';
import { readHistory, recordSql } from './history.js';
import { ensureHistory } from './initialise.js';
import { type LockBudget, withinLockBudget } from './lock-budget.js';
import { DatabaseObjects } from './ownership/database-objects.js';
import { type Plan, type PlannedStep, type PlanOptions, planOn, readSystemSteps } from './plan.js';
import { inTransaction } from './run-step.js';
import type { Step } from './steps.js';

/** The options that `up` and `down` share. */
export interface RunOptions extends LockBudget {
  /** The actor, which is recorded as `applied_by`; by default the user of the operating system. */
  readonly actor?: string | undefined;
  /**
   * The roles to grant rights to; by default `ashlar_app` and `ashlar_auditor`. {@link rolesFrom} reads them from the
   * settings.
   */
  readonly roles?: Roles | undefined;
}

/** The options of `up`. */
export interface UpOptions extends PlanOptions, RunOptions {
  /** Called after each batch of a step in batches. */
  readonly onBatch?: ((progress: BatchProgress) => void) | undefined;
  /** Called with the plan before anything runs. */
  readonly onPlan?: ((plan: Plan) => void) | undefined;
  /** Called with each step after it has run. */
  readonly onStep?: ((step: RunStep) => void) | undefined;
  /** Called with each version of Ashlar's own objects after it was applied. */
  readonly onVersion?: ((version: AppliedVersion) => void) | undefined;
  /** Called with the changes that were made to roles and rights, if any. */
  readonly onRoles?: ((changes: readonly RoleChange[]) => void) | undefined;
}

/** A step that `up` or `down` ran. */
export interface RunStep {
  readonly step: string;
  readonly duration_ms: number;
}

/**
 * Upgrades Ashlar's own objects to the version of this release, and applies the pending steps, one process at a time, each step in a transaction that also records it in the history and
 * grants the rights that the guarantees allow. After a crash at any point, the next `up` completes the database.
 *
 * @returns the steps that ran; empty when nothing was pending
 * @throws AshlarError what {@link planOn} throws, `role-missing` and `role-too-strong` (before any step is run),
 *   `migration-failed`, `migration-locked`, `lock-timeout`
 */
export function up(engine: Engine, system: SystemFacts, options: UpOptions = {}): Promise<RunStep[]> {
  return upWith(engine.dialect, engine, system, options);
}

/** Does what {@link up} does, as a release with the given foundation does it. */
export async function upWith(
  foundation: Foundation,
  engine: Engine,
  system: SystemFacts,
  options: UpOptions = {},
): Promise<RunStep[]> {
  const steps = await readSystemSteps(engine, system);
  return engine.asOwner((owner) => upLocked({ foundation, engine, owner, system, steps, options }), {
    exclusive: true,
  });
}

/** What {@link upLocked} applies to which database. */
export interface LockedUp {
  readonly foundation: Foundation;
  readonly engine: Engine;
  /** A connection of the owner that excludes other migrations. */
  readonly owner: Owner;
  readonly system: SystemFacts;
  readonly steps: readonly Step[];
  readonly options: UpOptions;
  /** Called in the transaction of each step, after it was recorded. */
  readonly onRecorded?: (() => Promise<void>) | undefined;
}

/** Does what {@link up} does, on a connection that already excludes other migrations. */
export async function upLocked({
  foundation,
  engine,
  owner: connection,
  system,
  steps,
  options,
  onRecorded,
}: LockedUp): Promise<RunStep[]> {
  const owner = engine.dialect.ownerOfSteps(connection);
  const plan = await planOn({ engine, owner, system, steps, options, foundation });
  options.onPlan?.(plan);
  const changed = [...(await prepareRoles(owner, engine.dialect, system, options.roles))];
  const grant = (): Promise<readonly RoleChange[]> =>
    grantRights(owner, engine.dialect, system, options.roles);
  const actor = options.actor ?? defaultActor();
  const upgrade = { owner, dialect: engine.dialect, foundation, actor, limit: lockLimit(options), grant };
  for (const version of await upgradeFoundation(upgrade, plan.foundation)) options.onVersion?.(version);
  // a statement outside a transaction would not wait for another process that writes
  await owner.atomically(async () => {
    await ensureHistory(owner, engine.dialect, actor, foundation);
    // before any step: its new tables get their rights by default privileges
    changed.push(...(await grant()));
  });
  const keeping = new DatabaseObjects({ engine, owner, system: system.name, steps });
  const done: RunStep[] = [];
  for (const planned of plan.steps) {
    const ran = await applyStep({
      engine,
      owner,
      system,
      steps,
      planned,
      options,
      foundation,
      grant,
      keeping,
      onRecorded,
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
  readonly foundation: Foundation;
  readonly grant: () => Promise<readonly RoleChange[]>;
  readonly keeping: DatabaseObjects;
  readonly onRecorded: (() => Promise<void>) | undefined;
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
  foundation,
  grant,
  keeping,
  onRecorded,
}: StepToApply): Promise<AppliedStep | undefined> => {
  const limit = lockLimit(options);
  const started = performance.now();
  const isPending = async (): Promise<boolean> => {
    const everything = await readHistory(owner, engine.dialect);
    assertUsable(foundationState(everything), foundation);
    const applied = everything.filter((row) => row.system === system.name);
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
    await onRecorded?.();
    return { step: step.name, duration_ms: Math.round(duration), granted: await grant() };
  };
  if (isWithoutTransaction(step.up)) {
    if (!(await isPending())) return undefined;
    await runWithoutTransaction({ engine, owner, step, body: step.up, options });
    return owner.atomically(record, limit);
  }
  // `isPending` is read inside: where the lock was lost, the transaction still sees the steps of another process
  return withinLockBudget({ dialect: engine.dialect.name, step, body: step.up, options }, (budget) =>
    inTransaction({ engine, owner, step, body: step.up, options: budget, keeping }, isPending, record),
  );
};

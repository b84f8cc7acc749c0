import type { Foundation, FoundationVersion } from '../contract/dialect.js';
import type { Engine } from '../contract/engine.js';
import type { Owner } from '../contract/owner.js';
import type { SystemFacts } from '../contract/system.js';
import { AshlarError } from '../errors.js';
import { assertNoCollision } from './collision.js';
import { assertHistory, compareHistory, type HistoryComparison } from './compare-history.js';
import { type Danger, findDangers } from './danger/find-dangers.js';
import { assertUsable, foundationState, pendingVersions } from './foundation.js';
import { assertOwnPlace, assertUnobstructed } from './guard-place.js';
import { readHistory } from './history.js';
import { readTables } from './losses/contents.js';
import { assertGuaranteesKept } from './refusals.js';
import { byStepOrder, readSteps, type Step } from './steps.js';
import { summaryOf } from './summary.js';

/** A step that `up` would run. */
export interface PlannedStep {
  readonly step: Step;
  readonly dangers: readonly Danger[];
  /** What the step does: a line for each kind of statement, with the names. */
  readonly summary: readonly string[];
  /** The existing tables that its dangers name, with their numbers of rows: estimated on PostgreSQL, counted on SQLite. */
  readonly tables: readonly { readonly table: string; readonly rows: number }[];
}

/** The steps that `up` would run, and the state of the database before them. */
export interface Plan {
  readonly system: string;
  /** The last applied step; `undefined` on a new database. */
  readonly head: string | undefined;
  readonly applied: number;
  readonly steps: readonly PlannedStep[];
  /** The pending steps that wait for `contract`: the first contract step, and those behind it. */
  readonly waiting: readonly string[];
  /** The versions of Ashlar's own objects that `up` would apply before the steps. */
  readonly foundation: readonly FoundationVersion[];
}

/** The options of `plan`. */
export interface PlanOptions {
  /** The last step to run; by default the last step of the system. */
  readonly to?: string | undefined;
  /** Whether to run pending steps that sort before an applied step, too. */
  readonly allowLate?: boolean | undefined;
  /**
   * Whether no older version of the application runs any more, so that contract steps may run, too. On a database without
   * steps they always do.
   */
  readonly contract?: boolean | undefined;
}

/**
 * Returns the steps that `up` would run, with their dangerous statements. `up` runs exactly this plan.
 *
 * @throws AshlarError `migration-changed`, `migration-missing`, `migration-late`, `migration-invalid`,
 *   `migration-pending` (the system has tables and no steps), `system-collision`, `guarantee-refused`, `database-newer`
 */
export async function plan(engine: Engine, system: SystemFacts, options: PlanOptions = {}): Promise<Plan> {
  const steps = await readSystemSteps(engine, system);
  return engine.asOwner((owner) => planOn({ engine, owner, system, steps, options }));
}

/**
 * Reads the steps of a system for an engine; checks that there are steps and that the engine enforces every guarantee.
 */
export async function readSystemSteps(engine: Engine, system: SystemFacts): Promise<Step[]> {
  assertGuaranteesKept(system, engine.dialect.name);
  const steps = await readSteps(system.migrations, engine.dialect.name);
  if (steps.length === 0 && Object.keys(system.tables).length > 0) {
    throw new AshlarError('migration-pending', {
      message: `${system.name} has tables, but no migration creates them.`,
      suggestion: `Write the first step: ashlar migrate new --system ${system.name} initial`,
    });
  }
  return steps;
}

/** The input of a plan: the system, its options and the connection. */
export interface PlanRequest {
  readonly engine: Engine;
  readonly owner: Owner;
  readonly system: SystemFacts;
  readonly steps: readonly Step[];
  readonly options: PlanOptions;
  readonly foundation?: Foundation;
}

/** Returns the same as {@link plan}, but uses an open connection of the owner. */
export async function planOn(request: PlanRequest): Promise<Plan> {
  const { engine, owner, system, steps, options, foundation = engine.dialect } = request;
  const everything = await readHistory(owner, engine.dialect);
  const state = foundationState(everything);
  assertUsable(state, foundation);
  assertOwnPlace(system, everything);
  await assertNoCollision(engine, owner, system, everything);
  await assertUnobstructed(engine, owner, system);
  const comparison = compareHistory(
    steps,
    everything.filter((applied) => applied.system === system.name),
  );
  assertHistory(system.name, comparison, options);
  const newTables = new Set<string>();
  const planned: PlannedStep[] = [];
  const wanted = upTo(system, steps, comparison, options.to);
  const ready = beforeContract(wanted, comparison, options);
  for (const step of ready) {
    const dangers = findDangers(step.up, engine.dialect.name, newTables, system);
    const named = new Set(dangers.flatMap(({ table }) => table ?? []));
    planned.push({
      step,
      dangers,
      summary: summaryOf(step.up),
      tables: await rowEstimates(engine, owner, named),
    });
  }
  return {
    system: system.name,
    head: comparison.applied.at(-1)?.step,
    applied: comparison.applied.length,
    steps: planned,
    waiting: wanted.slice(ready.length).map(({ name }) => name),
    foundation: pendingVersions(state, foundation),
  };
}

const rowEstimates = async (
  { dialect }: Engine,
  owner: Owner,
  named: ReadonlySet<string>,
): Promise<PlannedStep['tables']> => {
  if (named.size === 0) return [];
  const estimates: { table: string; rows: number }[] = [];
  for (const { name, source } of await readTables(owner, dialect)) {
    if (!named.has(name)) continue;
    const [row] = await owner.run(dialect.contents.estimate(source));
    estimates.push({ table: name, rows: Number(row?.rows ?? 0) });
  }
  return estimates;
};

/** The first of the steps that do not wait: those before the first contract step, or all. */
const beforeContract = (
  steps: readonly Step[],
  { applied }: HistoryComparison,
  { contract = false }: PlanOptions,
): readonly Step[] => {
  const first = contract || applied.length === 0 ? -1 : steps.findIndex(({ up }) => up.contract);
  return first < 0 ? steps : steps.slice(0, first);
};

const upTo = (
  system: SystemFacts,
  steps: readonly Step[],
  { pending }: HistoryComparison,
  to: string | undefined,
): readonly Step[] => {
  if (to === undefined) return pending;
  const last = findStep(system.name, steps, to).name;
  return pending.filter(({ name }) => byStepOrder(name, last) <= 0);
};

/**
 * Returns the step with the given name, or the only step with the given number.
 *
 * @throws AshlarError `usage`
 */
export function findStep<S extends { readonly name: string }>(
  system: string,
  steps: readonly S[],
  name: string,
): S {
  const exact = steps.find((step) => step.name === name);
  const numbered = /^\d+$/.test(name)
    ? steps.filter((step) => Number.parseInt(step.name, 10) === Number(name))
    : [];
  const found = exact ?? (numbered.length === 1 ? numbered[0] : undefined);
  if (found) return found;
  throw new AshlarError('usage', {
    message: `${system} has no step ${name}.`,
    suggestion: `Known steps: ${steps.map((step) => step.name).join(', ') || 'none'}.`,
  });
}

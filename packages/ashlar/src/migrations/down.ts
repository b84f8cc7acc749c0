import type { Engine } from '../contract/engine.js';
import type { Owner } from '../contract/owner.js';
import type { SystemFacts } from '../contract/system.js';
import { AshlarError } from '../errors.js';
import { grantWhereRolesAre } from '../roles/roles.js';
import { runWithoutTransaction } from './batches/run-without-transaction.js';
import { assertHistory, compareHistory } from './compare-history.js';
import { isWithoutTransaction } from './directives.js';
import { assertUsable, foundationState } from './foundation.js';
import { type AppliedStep, forgetSql, readHistory } from './history.js';
import { withinLockBudget } from './lock-budget.js';
import { type Measurement, measure, probe, type Touched } from './losses/measure.js';
import { destroysData, withoutLedgerState } from './losses/refusal.js';
import { rehearse, type StepLosses } from './losses/rehearse.js';
import { DatabaseObjects } from './ownership/database-objects.js';
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
  /** Whether rows and values may be lost. Default false: then nothing is undone that would lose any. */
  readonly destroy?: boolean | undefined;
  /** Called with what the steps lose, before any of them is undone. */
  readonly onLosses?: ((reports: readonly StepLosses[]) => void) | undefined;
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
 * The steps are rehearsed first, in a transaction that is rolled back: the rows and values that they lose are counted, and
 * without `destroy` nothing is undone when there are any. Only tables that a step drops, rewrites or changes are counted;
 * each is read once before and once after the step (on SQLite all tables, if the step changes rows). An empty table and a
 * column that holds nothing but its default cost nothing. A step of code is not rehearsed: it runs once and is rolled back
 * if it loses data. Of a step without a transaction only the text is read.
 *
 * @throws AshlarError `migration-destroys` (its `facts.losses` has the tables and counts), `migration-irreversible`,
 *   `migration-changed`, `migration-missing`, `migration-failed`, `database-newer`
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
      assertUsable(foundationState(everything), engine.dialect);
      const applied = everything.filter((row) => row.system === system.name);
      assertHistory(system.name, compareHistory(steps, applied), { allowLate: true });
      const ways = waysBack(system, steps, applied, options);
      const rehearsal = await rehearse(engine, owner, ways, options);
      const reports = withoutLedgerState(system, rehearsal.reports);
      assertKept(engine, system, options, reports, `Nothing was undone.`);
      const told = reports.filter(({ losses, lifted }) => losses.length + lifted.length > 0);
      if (told.length > 0) options.onLosses?.(told);
      const keeping = new DatabaseObjects(engine, owner, steps);
      const done: RunStep[] = [];
      for (const way of ways) {
        const ran = await undo({
          engine,
          owner,
          system,
          options,
          way,
          keeping,
          touched: rehearsal.touched.get(way.step),
          done,
        });
        done.push(ran);
        options.onStep?.(ran);
      }
      return done;
    },
    { exclusive: true },
  );
}

interface Undoing {
  readonly engine: Engine;
  readonly owner: Owner;
  readonly system: SystemFacts;
  readonly options: DownOptions;
  readonly way: WayBack;
  readonly keeping: DatabaseObjects;
  /** `undefined` if the step was not rehearsed. */
  readonly touched: Touched | undefined;
  readonly done: readonly RunStep[];
}

const undo = async (undoing: Undoing): Promise<RunStep> => {
  const { engine, owner, system, options, way, keeping, touched, done } = undoing;
  const { step, body } = way;
  const { dialect } = engine;
  const started = performance.now();
  const limit = lockLimit(options);
  const forget = async (): Promise<void> => {
    await owner.script(forgetSql(system.name, step.name));
    // a table that is created again has the default rights of new tables
    await grantWhereRolesAre(owner, dialect, system, options.roles);
  };
  if (isWithoutTransaction(body)) {
    await runWithoutTransaction({ engine, owner, step, body, options });
    await owner.atomically(forget, limit);
  } else {
    // rows may have been written since the rehearsal, so the step itself is measured, with its tables locked
    let measurement: Measurement | undefined;
    const begin = async (): Promise<true> => {
      if (options.destroy) return true;
      const run = (each: Owner): Promise<void> => runBody(engine, each, step, body);
      const known = touched ?? (body.kind === 'code' ? 'all' : await probe(owner, dialect, run));
      measurement = await measure(owner, dialect, known, body.kind === 'sql');
      return true;
    };
    const end = async (): Promise<void> => {
      const losses = (await measurement?.end()) ?? [];
      const reports = withoutLedgerState(system, [{ step: step.name, losses, lifted: [] }]);
      const undone = done.map(({ step: each }) => each).join(', ');
      assertKept(
        engine,
        system,
        options,
        reports,
        undone === '' ? 'Nothing was undone.' : `Undone before it: ${undone}.`,
      );
      await forget();
    };
    const measured: Owner = { ...owner, script: (sql) => (measurement?.owner ?? owner).script(sql) };
    await withinLockBudget({ dialect: dialect.name, step, body, options }, (budget) =>
      inTransaction({ engine, owner: measured, step, body, options: budget, keeping }, begin, end),
    );
  }
  return { step: step.name, duration_ms: Math.round(performance.now() - started) };
};

const assertKept = (
  engine: Engine,
  system: SystemFacts,
  options: DownOptions,
  reports: readonly StepLosses[],
  state: string,
): void => {
  const losing = reports.filter(({ losses }) => losses.length > 0);
  if (options.destroy || losing.length === 0) return;
  const names = losing.map(({ step }) => step);
  const which = [
    ...(options.to === undefined ? [] : [`--to ${options.to}`]),
    ...(options.to === undefined && options.steps !== undefined ? [`--steps ${options.steps}`] : []),
  ];
  throw destroysData({
    system,
    dialect: engine.dialect.name,
    reports,
    message: `Undoing ${names.join(', ')} of ${system.name} would lose data. ${state}`,
    command: ['ashlar migrate down', `--system ${system.name}`, ...which, '--destroy'].join(' '),
  });
};

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

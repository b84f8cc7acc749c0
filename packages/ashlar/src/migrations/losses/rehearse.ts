import type { Engine } from '../../contract/engine.js';
import type { Owner } from '../../contract/owner.js';
import { isWithoutTransaction } from '../directives.js';
import { type LockBudget, withinLockBudget } from '../lock-budget.js';
import { inTransaction, runBody } from '../run-step.js';
import type { Step, StepBody } from '../steps.js';
import { liftedGuards } from './lifted.js';
import { type DataLoss, measure, probe, type Touched } from './measure.js';
import { uncheckedLosses } from './unchecked.js';

/** What one direction of a step loses. */
export interface StepLosses {
  readonly step: string;
  readonly losses: readonly DataLoss[];
  /** The triggers, policies and other guards of remaining tables that are lifted, one line each. */
  readonly lifted: readonly string[];
}

/** One direction of a step that is to be run. */
export interface StepRunning {
  readonly step: Step;
  readonly body: StepBody;
}

/** The result of a rehearsal. */
export interface Rehearsal {
  readonly reports: readonly StepLosses[];
  /** The tables that each rehearsed step touches. Steps that could not be rehearsed are missing. */
  readonly touched: ReadonlyMap<Step, Touched>;
}

/** Rolls the transaction of a rehearsal back. */
class RehearsalOver extends Error {}

/**
 * Runs steps one after another in one transaction, counts what they lose, and rolls everything back. It ends before the
 * first step that cannot be rehearsed: code, which may have effects outside the database, or a step without a transaction,
 * of which only the text is read.
 */
export async function rehearse(
  engine: Engine,
  owner: Owner,
  steps: readonly StepRunning[],
  options: LockBudget,
): Promise<Rehearsal> {
  const end = steps.findIndex(({ body }) => body.kind === 'code' || isWithoutTransaction(body));
  const chosen = end < 0 ? steps : steps.slice(0, end);
  const stopped = end < 0 ? undefined : steps[end]?.body;
  let reports: StepLosses[] = [];
  let touched = new Map<Step, Touched>();
  const run = async (): Promise<void> => {
    reports = [];
    touched = new Map();
    for (const { step, body } of chosen) {
      const work = (each: Owner): Promise<void> => runBody(engine, each, step, body);
      const found = await probe(owner, engine.dialect, work);
      const before = await engine.introspect(owner);
      const measurement = await measure(owner, engine.dialect, found, false);
      await work(measurement.owner);
      touched.set(step, found);
      reports.push({
        step: step.name,
        losses: await measurement.end(),
        lifted: liftedGuards(before, await engine.introspect(owner)),
      });
    }
    if (stopped?.kind === 'sql') {
      const losses = await uncheckedLosses(owner, engine.dialect, stopped);
      if (losses.length > 0) reports.push({ step: steps[end]?.step.name ?? '', losses, lifted: [] });
    }
  };
  const first = chosen.find(({ body }) => body.mode === 'rebuild') ?? chosen[0];
  if (!first) {
    await run();
    return { reports, touched };
  }
  const begin = async (): Promise<boolean> => {
    await run();
    throw new RehearsalOver();
  };
  await withinLockBudget({ dialect: engine.dialect.name, ...first, options }, (limit) =>
    inTransaction({ engine, owner, ...first, options: limit }, begin, async () => undefined),
  ).catch((error: unknown) => {
    if (!(error instanceof RehearsalOver)) throw error;
  });
  return { reports, touched };
}

import type { Engine } from '../../contract/engine.js';
import type { Owner } from '../../contract/owner.js';
import { runBody } from '../run-step.js';
import type { Step, StepBody } from '../steps.js';
import { type BatchOptions, runBatches } from './run-batches.js';

/** One direction of a step that is not one transaction, and where it runs. */
export interface RunWithoutTransaction {
  readonly engine: Engine;
  readonly owner: Owner;
  readonly step: Step;
  readonly body: StepBody;
  readonly options: BatchOptions;
}

/**
 * Runs one direction of a step that is not one transaction: in batches, or statement by statement.
 *
 * @throws AshlarError `migration-failed`, `migration-invalid`, `lock-timeout`
 */
export function runWithoutTransaction({
  engine,
  owner,
  step,
  body,
  options,
}: RunWithoutTransaction): Promise<void> {
  return body.kind === 'sql' && body.mode === 'batches'
    ? runBatches({ engine, owner, step, body, options })
    : runBody(engine, owner, step, body);
}

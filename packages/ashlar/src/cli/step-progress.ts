import type { BatchProgress, UpOptions } from '../migrations/index.js';
import type { Output } from './output.js';
import { printPlanned } from './print-dangers.js';

/** The help of the option `--contract`. */
export const contractHelp = 'also run contract steps: no older version of the application runs any more';

/** The time between two lines about the same step in batches, in milliseconds. */
const between = 1000;

/** Prints what the steps of a system will do, the progress of their batches, and each version and step after it was applied. */
export function stepProgress(out: Output): Pick<UpOptions, 'onPlan' | 'onVersion' | 'onStep' | 'onBatch'> {
  const done = (verb: string, what: string, milliseconds: number): void =>
    out.line(`  ${out.style('green', verb)} ${what} (${milliseconds} ms)`);
  return {
    onPlan: (plan) => printPlanned(out, plan),
    onVersion: ({ version, duration_ms }) =>
      done('upgraded', `Ashlar’s own objects to ${version}`, duration_ms),
    onStep: ({ step, duration_ms }) => done('applied', step, duration_ms),
    onBatch: batchProgress(out),
  };
}

const batchProgress = (out: Output): ((progress: BatchProgress) => void) => {
  let last = Number.NEGATIVE_INFINITY;
  return ({ step, table, done, total }) => {
    const now = performance.now();
    if (done < total && now - last < between) return;
    last = now;
    out.note(`  ${step}: ${done} of ${total} rows of ${table}`);
  };
};

import type { UpOptions } from '../migrations/index.js';
import type { Output } from './output.js';
import { printPlanned } from './print-dangers.js';

/** Prints what the steps of a system will do, and each version and step after it was applied. */
export function stepProgress(out: Output): Pick<UpOptions, 'onPlan' | 'onVersion' | 'onStep'> {
  const done = (verb: string, what: string, milliseconds: number): void =>
    out.line(`  ${out.style('green', verb)} ${what} (${milliseconds} ms)`);
  return {
    onPlan: (plan) => printPlanned(out, plan),
    onVersion: ({ version, duration_ms }) =>
      done('upgraded', `Ashlar’s own objects to ${version}`, duration_ms),
    onStep: ({ step, duration_ms }) => done('applied', step, duration_ms),
  };
}

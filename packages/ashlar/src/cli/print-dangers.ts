import type { PlannedStep } from '../migrations/index.js';
import type { Output } from './output.js';

/** Prints the dangerous statements of migration steps that are about to run. */
export function printDangers(out: Output, steps: readonly PlannedStep[]): void {
  for (const { step, dangers } of steps) {
    for (const { line, why, instead } of dangers) {
      out.note(`${out.styleNote('yellow', 'careful')} ${step.name}, line ${line} of ${step.up.file}: ${why}`);
      out.note(`  instead: ${instead}`);
    }
  }
}

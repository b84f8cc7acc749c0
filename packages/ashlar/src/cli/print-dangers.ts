import type { Plan } from '../migrations/index.js';
import type { Output } from './output.js';

/** Prints what is dangerous in the steps, and in the versions of Ashlar's own objects, that are about to be applied. */
export function printPlanned(out: Output, plan: Plan): void {
  const { steps, foundation } = plan;
  const needed = Math.max(0, ...foundation.map(({ oldest }) => oldest));
  if (needed > 1) {
    out.note(
      `${out.styleNote('yellow', 'careful')} Ashlar’s own objects: applications whose release of Ashlar does not know version ${needed} stop working`,
    );
  }
  for (const { step, dangers } of steps) {
    for (const { line, why, instead } of dangers) {
      out.note(`${out.styleNote('yellow', 'careful')} ${step.name}, line ${line} of ${step.up.file}: ${why}`);
      out.note(`  instead: ${instead}`);
    }
  }
  printWaiting(out, plan);
}

/** Says which steps wait until no older version of the application runs. */
export function printWaiting(out: Output, { waiting }: Plan): void {
  if (waiting.length === 0) return;
  out.note(
    `${out.styleNote('yellow', 'waiting')} ${waiting.join(', ')}: when no older version of the application runs, ashlar up --contract`,
  );
}

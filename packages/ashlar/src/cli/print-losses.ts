import type { SqlName } from '../contract/sql.js';
import type { StepLosses } from '../migrations/index.js';
import { describeLoss } from '../migrations/losses/refusal.js';
import type { System } from '../system/system.js';
import type { Output } from './output.js';

/** Prints what migration steps that are about to run lose, and which guards of tables they lift. */
export function printLosses(
  out: Output,
  system: System,
  dialect: SqlName,
  reports: readonly StepLosses[],
): void {
  for (const { step, losses, lifted } of reports) {
    for (const loss of losses)
      out.note(`${out.styleNote('red', 'loses')} ${step}: ${describeLoss(system, dialect, loss)}`);
    for (const line of lifted) out.note(`${out.styleNote('yellow', 'lifts')} ${step}: ${line}`);
  }
}

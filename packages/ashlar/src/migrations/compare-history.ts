import { AshlarError } from '../errors.js';
import type { AppliedStep } from './history.js';
import { byStepOrder, type Step } from './steps.js';

/** The difference between the steps in the folder and the applied steps in the database. */
export interface HistoryComparison {
  readonly applied: readonly AppliedStep[];
  readonly pending: readonly Step[];
  /** The applied steps whose files were edited after they were applied. */
  readonly changed: readonly string[];
  /** The applied steps that are not in the folder. */
  readonly missing: readonly string[];
  /** The pending steps that sort before an applied step. */
  readonly late: readonly string[];
}

/**
 * Compares the steps in the folder with the applied steps, by name and checksum. A comparison by the newest number
 * would silently skip a step that was merged late.
 *
 * @param applied - the applied steps of this system
 */
export function compareHistory(steps: readonly Step[], applied: readonly AppliedStep[]): HistoryComparison {
  const inFolder = new Map(steps.map((step) => [step.name, step]));
  const inDatabase = new Set(applied.map(({ step }) => step));
  const last = [...inDatabase].sort(byStepOrder).at(-1);
  const pending = steps.filter(({ name }) => !inDatabase.has(name));
  const isLate = ({ name }: Step) => last !== undefined && byStepOrder(name, last) < 0;
  return {
    applied,
    pending,
    changed: applied
      .filter(({ step, checksum }) => (inFolder.get(step)?.checksum ?? checksum) !== checksum)
      .map(({ step }) => step),
    missing: applied.filter(({ step }) => !inFolder.has(step)).map(({ step }) => step),
    late: pending.filter(isLate).map(({ name }) => name),
  };
}

const listed = (names: readonly string[]): string => `Step${names.length > 1 ? 's' : ''} ${names.join(', ')}`;
const were = (names: readonly string[]): string => (names.length > 1 ? 'were' : 'was');

/**
 * Throws if the history of the database differs from the folder; the error says how to repair it.
 *
 * @throws AshlarError `migration-changed`, `migration-missing`, `migration-late`
 */
export function assertHistory(
  system: string,
  comparison: HistoryComparison,
  options: { allowLate?: boolean | undefined } = {},
): void {
  const { changed, missing, late } = comparison;
  const command = `ashlar migrate stamp --system ${system}`;
  if (changed.length > 0) {
    throw new AshlarError('migration-changed', {
      message: `${listed(changed)} of ${system} ${were(changed)} applied, and the file was edited afterwards.`,
      detail: 'The checksum in the database differs from the checksum of the file.',
      suggestion: `Restore the file and put the change into a new step. If the edit has no effect on the schema: ${command} ${changed[0]}`,
    });
  }
  if (missing.length > 0) {
    throw new AshlarError('migration-missing', {
      message: `${listed(missing)} of ${system} ${were(missing)} applied, but the folder has no such step.`,
      detail: 'The code is older than the database, or the folder was renamed or removed.',
      suggestion: `Restore the folder. If the database no longer contains the changes of the step: ${command} --forget ${missing[0]}`,
    });
  }
  if (late.length > 0 && !options.allowLate) {
    const last = comparison.applied.at(-1)?.step;
    throw new AshlarError('migration-late', {
      message: `${listed(late)} of ${system} sort${late.length > 1 ? '' : 's'} before ${last}, which is already applied.`,
      detail:
        'The step was merged after a later step had run; other databases may have run the two steps in the other order.',
      suggestion: `Give the step a number after ${last}. If the order does not matter: ashlar migrate up --system ${system} --allow-late`,
    });
  }
}

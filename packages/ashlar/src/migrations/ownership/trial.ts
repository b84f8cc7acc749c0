import type { SystemFacts } from '../../contract/system.js';
import { AshlarError } from '../../errors.js';
import { inCreationOrder, type StepsState, stateOfSteps } from '../shadow.js';
import { blocked } from './blocked.js';
import { type KeepingChanges, type StepsComparison, stepOf } from './changes.js';
import { objectsOf } from './keys.js';

const suggestion =
  'Change or drop the object in a step of your own before this one (ashlar migrate new --empty), and make it again in a step after it.';

/**
 * Runs the changes after the steps in a shadow database, and refuses them if they drop, change or break an object that no
 * generated step made.
 *
 * @throws AshlarError `migration-blocked`, which names the object
 */
export async function assertKept(
  system: SystemFacts,
  comparison: StepsComparison,
  { changes, target, kept }: KeepingChanges,
): Promise<void> {
  if (kept.size === 0 || changes.length === 0) return;
  assertBodiesFit(comparison, kept);
  const { dialect, steps } = comparison;
  const mode = changes.some(({ rebuild }) => rebuild.includes('up')) ? 'rebuild' : 'transaction';
  const lines = { makes: [], keeps: [], renames: new Map<string, string>() };
  let result: StepsState;
  try {
    result = await stateOfSteps(dialect, [
      ...steps,
      stepOf('the new step', dialect.name, mode, changes, lines),
    ]);
  } catch (error) {
    if (!(error instanceof AshlarError) || error.code !== 'migration-failed') throw error;
    throw blocked(
      `The step cannot run with the objects that no generated step made: ${[...kept].join(', ')}.`,
      error.detail ?? error.message,
      suggestion,
    );
  }
  const [broken] = result.broken;
  if (broken !== undefined)
    throw blocked('The step would break an object that no generated step made.', broken, suggestion);
  const model = inCreationOrder(Object.values(system.tables));
  const lost = dialect.changes(result.schema, target, model, {}).map(({ summary }) => summary);
  if (lost.length === 0) return;
  throw blocked(
    'The step would drop or change an object that no generated step made.',
    `Missing after the step: ${lost.join('; ')}.`,
    suggestion,
  );
}

/** PostgreSQL reads the body of most functions only when it runs them. */
const assertBodiesFit = ({ before, after, dialect }: StepsComparison, kept: ReadonlySet<string>): void => {
  if (dialect.name !== 'postgres') return;
  const now = new Map(
    after.tables.map((table) => [table.name, new Set(table.columns.map(({ name }) => name))]),
  );
  const gone = before.tables.flatMap((table) =>
    table.columns.flatMap(({ name }) =>
      now.get(table.name)?.has(name) === false && !kept.has(`column ${table.name}.${name}`)
        ? [{ table, column: name }]
        : [],
    ),
  );
  const has = (text: string, name: string): boolean => new RegExp(`\\b${name}\\b`).test(text);
  for (const { key, type, name, definition } of objectsOf(before)) {
    if (type !== 'function' || !kept.has(key)) continue;
    const called = name.replace(/\(.*$/s, '');
    const found = gone.find(
      ({ table, column }) =>
        has(definition, column) &&
        (has(definition, table.name) || table.triggers.some((trigger) => has(trigger.definition, called))),
    );
    if (!found) continue;
    throw blocked(
      `The step would break the ${key}, which no generated step made.`,
      `It names ${found.table.name}.${found.column}, which the step renames or drops.`,
      suggestion,
    );
  }
};

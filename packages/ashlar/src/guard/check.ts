import type { Engine } from '../contract/engine.js';
import type { Roles } from '../contract/roles.js';
import type { SystemFacts } from '../contract/system.js';
import { type Comparison, compareWithSteps, withProvenSchemas } from '../migrations/catalogue/with-steps.js';
import { compareHistory } from '../migrations/compare-history.js';
import { driftOf } from '../migrations/drift.js';
import { assertUsable, foundationState } from '../migrations/foundation.js';
import { assertOwnPlace, obstaclesOf, untoldOf } from '../migrations/guard-place.js';
import { type AppliedStep, readHistory } from '../migrations/history.js';
import { undeclaredOf } from '../migrations/ownership/undeclared.js';
import { readSteps } from '../migrations/steps.js';
import { missingObjects } from '../prove/guarantee-objects.js';
import { checkRoles } from '../roles/roles.js';

/** Something that keeps a guard from holding. */
export interface GuardFinding {
  /**
   * `step`: a step of the guard is not applied as it is written. `object`: an object is missing or changed. `lifts`: an
   * object that no step makes could lift a guarantee. `right`: a role has a right too many or too few. `table`: a table of
   * the tool is not as declared.
   */
  readonly kind: 'step' | 'object' | 'lifts' | 'right' | 'table';
  /** What is wrong, in one line. */
  readonly found: string;
  /** The command that corrects it, or what a person does. */
  readonly remedy: string;
}

const byUp = 'ashlar guard up';

/**
 * Finds what keeps a guard from holding, for CI after a migration of the other tool. Changes nothing.
 *
 * @param roles - the roles whose rights are checked. Default: `ashlar_app` and `ashlar_auditor`
 * @returns each finding; empty where the guard holds
 * @throws AshlarError `driver-missing` where the embedded engine, in which the steps run for the comparison, is not
 *   installed: without it nothing is known; `guard-refused` where another guard has the own schema; `database-newer`,
 *   `migration-failed`
 *
 * @example
 * for (const { found, remedy } of await checkGuard(engine, shopGuard)) console.error(found, remedy);
 */
export async function checkGuard(
  engine: Engine,
  system: SystemFacts,
  roles?: Roles,
): Promise<readonly GuardFinding[]> {
  const everything = await engine.asOwner((owner) => readHistory(owner, engine.dialect));
  assertUsable(foundationState(everything), engine.dialect);
  assertOwnPlace(system, everything);
  const steps = await stepFindings(
    engine,
    system,
    everything.filter((row) => row.system === system.name),
  );
  const tables = await engine.asOwner(async (owner) => [
    ...(await obstaclesOf(engine, owner, system)),
    ...(await untoldOf(engine, owner, system)),
  ]);
  const compared = await compareWithSteps(engine, system);
  if (!compared) return steps;
  return [
    ...steps,
    ...tables.map(
      (found): GuardFinding => ({
        kind: 'table',
        found,
        remedy: 'correct the tool’s schema, or the declaration and then `ashlar migrate new`',
      }),
    ),
    ...(await objectFindings(engine, system, compared)),
    ...(await checkRoles(engine, await withProvenSchemas(engine, system), roles)).map(
      (found): GuardFinding => ({ kind: 'right', found, remedy: byUp }),
    ),
  ];
}

const stepFindings = async (
  { dialect }: Engine,
  system: SystemFacts,
  applied: readonly AppliedStep[],
): Promise<readonly GuardFinding[]> => {
  const steps = await readSteps(system.migrations, dialect.name);
  const { pending, changed, missing, late } = compareHistory(steps, applied);
  const finding = (found: string, remedy: string): GuardFinding => ({ kind: 'step', found, remedy });
  return [
    ...pending
      .filter(({ name }) => !late.includes(name))
      .map(({ name }) => finding(`the step ${name} is not applied`, byUp)),
    ...late.map((name) =>
      finding(`the step ${name} is not applied, and sorts before an applied step`, 'give it a later number'),
    ),
    ...changed.map((name) =>
      finding(`the step ${name} was edited after it was applied`, 'restore it from version control'),
    ),
    ...missing.map((name) =>
      finding(`the step ${name} is applied, and not in the folder`, 'restore it from version control'),
    ),
  ];
};

const objectFindings = async (
  engine: Engine,
  system: SystemFacts,
  compared: Comparison,
): Promise<readonly GuardFinding[]> => {
  const lifting = undeclaredOf(engine.dialect, system, compared).filter(({ lifts }) => lifts);
  const lines = driftOf(compared);
  // an object that is made by no step is one line of its own, below
  const drift = lines.filter((line) => !line.includes(' is made by no step'));
  const named = (object: string): boolean => drift.some((line) => line.includes(object));
  const missing = (await missingObjects(engine, system)).filter((line) => {
    const [, object = line] = /: the (.*?) is (?:missing|not set)/.exec(line) ?? [];
    return !named(object);
  });
  return [
    ...[...drift, ...missing].map((found): GuardFinding => ({ kind: 'object', found, remedy: byUp })),
    ...lines
      .filter((line) => line.includes(' is made by no step'))
      .map(
        (found): GuardFinding => ({
          kind: 'lifts',
          found: `${found}; it could lift a guarantee`,
          remedy: 'remove it, or accept it in the guard with its reason: accepts',
        }),
      ),
    ...lifting
      .filter(({ from }) => from === 'step')
      .map(
        ({ object }): GuardFinding => ({
          kind: 'lifts',
          found: `${object} could lift a guarantee, and is not declared`,
          remedy: 'declare it, or remove it from the step',
        }),
      ),
  ];
};

import { existsSync } from 'node:fs';
import type { Engine } from '../contract/engine.js';
import type { SystemFacts } from '../contract/system.js';
import { AshlarError } from '../errors.js';
import { literal } from '../model/index.js';
import { historySql } from './history-sql.js';
import { byStepOrder, folderPath, readChecksums } from './steps.js';

/** How the steps of a system differ from the history of its database: the names of the steps. */
export interface StepsDifference {
  /** Whether the database has a history at all. */
  readonly isInitialised: boolean;
  /** The steps of the folder that were not applied. */
  readonly pending: readonly string[];
  /** The applied steps whose files were edited afterwards. */
  readonly changed: readonly string[];
  /** The applied steps that the folder does not have: the database is newer than this program. */
  readonly unknown: readonly string[];
}

/**
 * Compares the steps of a system with the history of its database, as the application: it reads the history with one
 * query, and writes nothing.
 *
 * @throws AshlarError `privilege-missing` if the role may not read the history; `migration-invalid` if the folder is
 *   missing or not valid
 */
export async function stepsDifference(engine: Engine, system: SystemFacts): Promise<StepsDifference> {
  const steps = readChecksums(system.migrations, engine.dialect.name);
  const applied = await appliedSteps(engine, system.name);
  const names = [...(applied?.keys() ?? [])].sort(byStepOrder);
  return {
    isInitialised: applied !== undefined,
    pending: [...steps.keys()].filter((name) => !applied?.has(name)),
    changed: names.filter((name) => (steps.get(name) ?? applied?.get(name)) !== applied?.get(name)),
    unknown: names.filter((name) => !steps.has(name)),
  };
}

const appliedSteps = async (engine: Engine, system: string): Promise<Map<string, string> | undefined> => {
  if (engine.connectedRole?.initialised === false) return undefined;
  try {
    const { rows } = await engine.read(
      `SELECT step, checksum FROM ashlar_migrations WHERE system = ${literal(system)}`,
      [],
    );
    return new Map(rows.map(({ step, checksum }) => [String(step), String(checksum)]));
  } catch (error) {
    // the table is looked for only now, so that the usual case is one query
    const { rows } = await engine.read(historySql[engine.dialect.name].exists, []);
    if (rows.length > 0) throw error;
    return undefined;
  }
};

/**
 * Returns what an application should know about the steps of its system before it uses the database; `undefined` if
 * nothing is to be said. A missing folder of migrations is not reported: a program may be deployed without it.
 */
export async function stepsWarning(engine: Engine, system: SystemFacts): Promise<AshlarError | undefined> {
  if (!existsSync(folderPath(system.migrations))) return undefined;
  try {
    return describe(system.name, await stepsDifference(engine, system));
  } catch (error) {
    if (error instanceof AshlarError) return error;
    throw error;
  }
}

/**
 * Throws if steps of the system are pending or were changed after they were applied. Steps that only the database knows are
 * allowed: while a new version is rolled out, older instances go on with its database.
 *
 * @throws AshlarError `migration-pending`, and as {@link stepsDifference}
 */
export async function assertStepsApplied(engine: Engine, system: SystemFacts): Promise<void> {
  const difference = await stepsDifference(engine, system);
  const problem = describe(system.name, { ...difference, unknown: [] });
  if (problem) throw problem;
}

const describe = (system: string, difference: StepsDifference): AshlarError | undefined => {
  const { isInitialised, pending, changed, unknown } = difference;
  const detail = Object.entries({ pending, changed, unknown })
    .filter(([, names]) => names.length > 0)
    .map(([kind, names]) => `${kind}: ${names.join(', ')}`);
  if (detail.length === 0) return undefined;
  return new AshlarError('migration-pending', {
    message: isInitialised
      ? `The migrations of ${system} differ from the steps applied to the database.`
      : `The system ${system} is not initialised in this database.`,
    detail: detail.join('\n'),
    suggestion: `Apply pending steps: ashlar up --system ${system}. The comparison in full: ashlar status --system ${system}`,
  });
};

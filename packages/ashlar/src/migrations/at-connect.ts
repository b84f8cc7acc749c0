import { existsSync } from 'node:fs';
import type { Foundation } from '../contract/dialect.js';
import type { Engine } from '../contract/engine.js';
import type { SystemFacts } from '../contract/system.js';
import { AshlarError } from '../errors.js';
import { literal } from '../model/index.js';
import { assertUsable, type FoundationState, foundationState, packageVersion } from './foundation.js';
import { historySql } from './history-sql.js';
import { ownSystem } from './own-system.js';
import { byStepOrder, folderPath, isContractStep, readChecksums } from './steps.js';

/** How the steps of a system differ from the history of its database: the names of the steps. */
export interface StepsDifference {
  /** Whether the database has a history at all. */
  readonly isInitialised: boolean;
  /** The steps of the folder that were not applied; empty if they are contract steps, which wait for `up --contract`. */
  readonly pending: readonly string[];
  /** The applied steps whose files were edited afterwards. */
  readonly changed: readonly string[];
  /** The applied steps that the folder does not have: the database is newer than this program. */
  readonly unknown: readonly string[];
  /** The versions of Ashlar's own objects, where those of the database are older than this release. */
  readonly foundation?: { readonly database: number; readonly package: number };
}

/** What `connect` reads from a database: the steps of one system, and the version of Ashlar's own objects. */
interface Applied {
  readonly steps: ReadonlyMap<string, string>;
  readonly foundation: FoundationState;
}

/**
 * Compares the steps of a system with the history of its database, as the application: it reads the history with one
 * query, and writes nothing.
 *
 * @throws AshlarError `privilege-missing` if the role may not read the history; `migration-invalid` if the folder is
 *   missing or not valid; `database-newer`, `database-incoming`
 */
export async function stepsDifference(
  engine: Engine,
  system: SystemFacts,
  foundation: Foundation = engine.dialect,
): Promise<StepsDifference> {
  const steps = readChecksums(system.migrations, engine.dialect.name);
  const database = await readApplied(engine, system.name, foundation);
  const applied = database?.steps;
  const names = [...(applied?.keys() ?? [])].sort(byStepOrder);
  const pending = [...steps.keys()].filter((name) => !applied?.has(name));
  const waits =
    names.length > 0 && pending.every((name) => isContractStep(system.migrations, name, engine.dialect.name));
  return {
    isInitialised: applied !== undefined,
    // the program of this folder works before its contract steps
    pending: waits ? [] : pending,
    changed: names.filter((name) => (steps.get(name) ?? applied?.get(name)) !== applied?.get(name)),
    unknown: names.filter((name) => !steps.has(name)),
    ...olderFoundation(database, foundation),
  };
}

const olderFoundation = (
  applied: Applied | undefined,
  foundation: Foundation,
): Pick<StepsDifference, 'foundation'> => {
  const known = packageVersion(foundation);
  return applied && applied.foundation.version < known
    ? { foundation: { database: applied.foundation.version, package: known } }
    : {};
};

/** @throws AshlarError `database-newer`, `database-incoming`, and the errors of the query */
const readApplied = async (
  engine: Engine,
  system: string,
  foundation: Foundation,
): Promise<Applied | undefined> => {
  if (engine.connectedRole?.initialised === false) return undefined;
  try {
    const { rows } = await engine.read(
      `SELECT system, step, checksum FROM ashlar_migrations WHERE system IN (${literal(system)}, ${literal(ownSystem)})`,
      [],
    );
    const read = rows.map((row) => ({
      system: String(row.system),
      step: String(row.step),
      checksum: String(row.checksum),
    }));
    const state = foundationState(read);
    assertUsable(state, foundation);
    const own = read.filter((row) => row.system === system);
    return { steps: new Map(own.map(({ step, checksum }) => [step, checksum])), foundation: state };
  } catch (error) {
    if (isUnusable(error)) throw error;
    // the table is looked for only now, so that the usual case is one query
    const { rows } = await engine.read(historySql[engine.dialect.name].exists, []);
    if (rows.length > 0) throw error;
    return undefined;
  }
};

const isUnusable = (error: unknown): boolean =>
  error instanceof AshlarError && (error.code === 'database-newer' || error.code === 'database-incoming');

/**
 * Throws if this release cannot use the database, and says nothing of its steps. A database whose history cannot be read is
 * let through: its sessions report what is wrong.
 *
 * @throws AshlarError `database-newer`, `database-incoming`
 */
export async function assertNotNewer(
  engine: Engine,
  system: SystemFacts,
  foundation: Foundation = engine.dialect,
): Promise<void> {
  try {
    await readApplied(engine, system.name, foundation);
  } catch (error) {
    if (isUnusable(error) || !(error instanceof AshlarError)) throw error;
  }
}

/**
 * Returns what an application should know about the steps of its system before it uses the database; `undefined` if
 * nothing is to be said. A missing folder of migrations is not reported: a program may be deployed without it.
 *
 * @throws AshlarError `database-newer`, `database-incoming`
 */
export async function stepsWarning(
  engine: Engine,
  system: SystemFacts,
  foundation: Foundation = engine.dialect,
): Promise<AshlarError | undefined> {
  if (!existsSync(folderPath(system.migrations))) {
    await assertNotNewer(engine, system, foundation);
    return undefined;
  }
  try {
    return describe(system.name, await stepsDifference(engine, system, foundation));
  } catch (error) {
    if (error instanceof AshlarError && !isUnusable(error)) return error;
    throw error;
  }
}

/**
 * Throws if steps of the system are pending or were changed after they were applied, or if Ashlar's own objects are older
 * than this release. Steps that only the database knows are allowed: while a new version is rolled out, older instances
 * go on with its database.
 *
 * @throws AshlarError `migration-pending`, and as {@link stepsDifference}
 */
export async function assertStepsApplied(
  engine: Engine,
  system: SystemFacts,
  foundation: Foundation = engine.dialect,
): Promise<void> {
  const difference = await stepsDifference(engine, system, foundation);
  const problem = describe(system.name, { ...difference, unknown: [] });
  if (problem) throw problem;
}

const describe = (system: string, difference: StepsDifference): AshlarError | undefined => {
  const { isInitialised, pending, changed, unknown, foundation } = difference;
  const detail = Object.entries({ pending, changed, unknown })
    .filter(([, names]) => names.length > 0)
    .map(([kind, names]) => `${kind}: ${names.join(', ')}`);
  if (foundation)
    detail.push(
      `Ashlar’s own objects: version ${foundation.database} in the database, ${foundation.package} in this release`,
    );
  if (detail.length === 0) return undefined;
  return new AshlarError('migration-pending', {
    message: isInitialised
      ? `The migrations of ${system} differ from the steps applied to the database.`
      : `The system ${system} is not initialised in this database.`,
    detail: detail.join('\n'),
    suggestion: `Apply pending steps: ashlar up --system ${system}. The comparison in full: ashlar status --system ${system}`,
  });
};

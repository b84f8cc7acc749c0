import type { BulkTable } from '../contract/bulk.js';
import type { Engine } from '../contract/engine.js';
import type { SchemaTable } from '../contract/schema.js';
import type { SqlName } from '../contract/sql.js';
import type { SystemFacts } from '../contract/system.js';
import { isAshlarError } from '../errors.js';
import { compareWithSteps } from '../migrations/catalogue/with-steps.js';
import { assertHistory, compareHistory } from '../migrations/compare-history.js';
import { isComputedBy } from '../migrations/computed-column.js';
import { driftOf } from '../migrations/drift.js';
import { assertUsable, foundationState } from '../migrations/foundation.js';
import { type AppliedStep, readHistory } from '../migrations/history.js';
import { readSteps } from '../migrations/steps.js';
import { identifier, isOwn } from '../model/index.js';
import { hasRows } from './has-rows.js';
import { type LedgerHead, unsealed, verifyLedgers } from './ledgers.js';
import { moveRefused } from './refusals.js';
import { movedTables } from './tables.js';

/** The source of a move, as it was found: what is moved, and what is not. */
export interface Source {
  readonly systems: readonly SystemFacts[];
  /** The tables that are moved, with the side tables of their guarantees, in the order in which they are loaded. */
  readonly tables: readonly BulkTable[];
  readonly ledgers: readonly LedgerHead[];
  readonly steps: Readonly<Record<string, readonly string[]>>;
  /** The history of the source. */
  readonly history: readonly AppliedStep[];
  /** Tables of the source that no step of the moved systems makes. They are not moved. */
  readonly others: readonly string[];
}

/** Throws if there are reasons against a move. @throws AshlarError `move-refused` */
export function assertNone(reasons: readonly string[]): void {
  if (reasons.length > 0) throw moveRefused(reasons);
}

/**
 * Looks at the source of a move: its steps must be applied, and it must be what they make, because the target is made by steps.
 *
 * @throws AshlarError `move-refused` with every reason; `migration-changed`, `migration-missing`, `migration-late`,
 *   `database-newer`, `database-incoming`; `ledger-tampered`, because a move must not wash a ledger clean
 */
export async function lookAtSource(
  source: Engine,
  systems: readonly SystemFacts[],
  target: Engine,
): Promise<Source> {
  const { dialect } = source;
  const everything = await source.asOwner((owner) => readHistory(owner, dialect));
  assertUsable(foundationState(everything), dialect);
  const reasons: string[] = [];
  const steps: Record<string, readonly string[]> = {};
  const moved = systems.filter(({ name }) => everything.some(({ system }) => system === name));
  if (moved.length === 0)
    reasons.push(`${source.url} has no steps of ${systems.map(({ name }) => name).join(', ')}`);
  for (const { name, guards } of systems)
    if (guards) reasons.push(`${name} guards tables of another tool, which moves them itself`);
  const made = new Set<string>();
  const { tables: found } = await source.asOwner((owner) => source.introspect(owner));
  const present = new Set(found.map(({ name }) => name));
  for (const system of moved) {
    const applied = everything.filter((row) => row.system === system.name);
    steps[system.name] = applied.map(({ step }) => step);
    reasons.push(...(await pendingOf(source, system, applied)));
    reasons.push(...(await stepsMissingIn(target, system)));
    const compared = await compareWithSteps(source, system);
    for (const line of compared ? driftOf(compared) : [])
      reasons.push(`${system.name} differs from its steps: ${line}`);
    for (const { name } of compared?.expected.schema.tables ?? []) made.add(name);
    reasons.push(...refusedBy(system, target));
  }
  const between = { from: dialect.name, to: target.dialect.name };
  const tables = moved
    .flatMap((system) => Object.values(system.tables))
    .flatMap((table) => movedTables(table, between));
  const known = new Set(tables.map(({ name }) => name));
  for (const name of made)
    if (!known.has(name) && present.has(name) && (await source.asOwner((owner) => hasRows(owner, name))))
      reasons.push(`the table ${name}, which has rows, is made by steps and not declared`);
  const declared = new Set(moved.flatMap((system) => Object.values(system.tables)).map(({ name }) => name));
  for (const table of tables.filter(({ name }) => declared.has(name)))
    for (const column of undeclared(table, found, dialect.name))
      if (await source.asOwner((owner) => hasRows(owner, table.name, `${identifier(column)} IS NOT NULL`)))
        reasons.push(`the column ${table.name}.${column}, which has values, is not declared`);
  assertNone(reasons);
  assertNone(await unsealed(source, moved));
  const ledgers = await verifyLedgers(source, moved);
  const others = [...present].filter((name) => !made.has(name));
  return { systems: moved, tables, ledgers, steps, history: everything, others };
}

const pendingOf = async (
  { dialect }: Engine,
  system: SystemFacts,
  applied: readonly AppliedStep[],
): Promise<readonly string[]> => {
  const comparison = compareHistory(await readSteps(system.migrations, dialect.name), applied);
  assertHistory(system.name, comparison);
  return comparison.pending.map(
    ({ name }) => `${system.name}: the step ${name} is not applied to the source`,
  );
};

const noSteps = ({ name }: SystemFacts, engine: SqlName, label: string): string =>
  `${name} has no steps for ${label} (\`ashlar migrate engine ${engine} --system ${name}\` writes them)`;

const stepsMissingIn = async (
  { dialect, label }: Engine,
  system: SystemFacts,
): Promise<readonly string[]> => {
  if (Object.keys(system.tables).length === 0) return [];
  try {
    const steps = await readSteps(system.migrations, dialect.name);
    return steps.length > 0 ? [] : [noSteps(system, dialect.name, label)];
  } catch (error) {
    if (!isAshlarError(error, 'migration-invalid')) throw error;
    return [`${noSteps(system, dialect.name, label)}: ${error.message}`];
  }
};

/** The guarantees that the target cannot keep. */
const refusedBy = (system: SystemFacts, { dialect }: Engine): readonly string[] =>
  Object.values(system.tables).flatMap(({ name, guarantees }) =>
    guarantees
      .filter((guarantee) => guarantee[dialect.name].level === 'refused')
      .map((guarantee) => `${name}: the target refuses the guarantee ${guarantee.name}`),
  );

/** The columns of a table that hold values of their own and that no declaration moves. */
const undeclared = (table: BulkTable, found: readonly SchemaTable[], dialect: SqlName): readonly string[] => {
  const moved = new Set(table.columns.map(({ name }) => name));
  const columns = found.find(({ name }) => name === table.name)?.columns ?? [];
  return columns.flatMap(({ name, rest }) =>
    // the stamps of a ledger are those of its database
    moved.has(name) || isOwn(name) || isComputedBy(rest, dialect) ? [] : [name],
  );
};

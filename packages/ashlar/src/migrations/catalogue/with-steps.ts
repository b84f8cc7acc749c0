import type { Catalogue, CataloguePart } from '../../contract/catalogue.js';
import type { SqlDialect } from '../../contract/dialect.js';
import type { Engine } from '../../contract/engine.js';
import type { SystemFacts } from '../../contract/system.js';
import { defaultRoles } from '../../roles/names.js';
import { wantedRights } from '../../roles/wanted.js';
import { compareHistory } from '../compare-history.js';
import { foundationState, packageVersion } from '../foundation.js';
import { type AppliedStep, readHistory } from '../history.js';
import { ownSystem } from '../own-system.js';
import { functionName } from '../ownership/keys.js';
import { stateOfSteps } from '../shadow.js';
import { readSteps } from '../steps.js';
import type { StepsState } from '../steps-state.js';
import { compareCatalogues, type Difference } from './compare.js';
import { weakening } from './weakens.js';

/** A database compared with what its applied steps make of an empty one. */
export interface Comparison {
  readonly found: Catalogue;
  readonly expected: StepsState;
  readonly differences: readonly Difference[];
  /** Whether a part could weaken a guarantee if no step made it. */
  readonly weakens: (part: CataloguePart) => boolean;
  /** Whether other systems share the database. */
  readonly isShared: boolean;
  /** Why the system accepts an object that no step makes, by its name. */
  readonly accepted: ReadonlyMap<string, string>;
}

/**
 * Compares a database with what its applied steps make of an empty one; `undefined` before the first step.
 *
 * @throws AshlarError `migration-failed`, `driver-missing` (the shadow runs in an embedded engine)
 */
export async function compareWithSteps(engine: Engine, system: SystemFacts): Promise<Comparison | undefined> {
  const { dialect } = engine;
  const steps = await readSteps(system.migrations, dialect.name);
  const { all, found } = await engine.asOwner(async (owner) => {
    const history = await readHistory(owner, dialect);
    return { all: history, found: history.length === 0 ? undefined : await engine.catalogue(owner) };
  });
  const rows = all.filter((row) => row.system === system.name);
  if (rows.length === 0 || !found) return undefined;
  const pending = new Set(compareHistory(steps, rows).pending);
  const expected = await stateOfSteps(
    dialect,
    steps.filter((step) => !pending.has(step)),
  );
  return comparisonOf({ dialect, system, history: all, found, expected });
}

/** A description of a database, with its history, and what its steps make. */
export interface Described {
  readonly dialect: SqlDialect;
  readonly system: SystemFacts;
  /** The applied steps of all systems, and the versions of Ashlar's own objects. */
  readonly history: readonly AppliedStep[];
  readonly found: Catalogue;
  readonly expected: StepsState;
}

/** Compares a description of a database with what its steps make. */
export function comparisonOf({ dialect, system, history, found, expected }: Described): Comparison {
  const isShared = history.some((row) => row.system !== system.name && row.system !== ownSystem);
  const isSameRelease = foundationState(history).version === packageVersion(dialect);
  const [wanted, real] = isSameRelease
    ? [expected.catalogue, found]
    : [withoutFoundation(expected.catalogue), withoutFoundation(found)];
  return {
    found,
    expected,
    differences: withoutPlanned(
      withoutConsequences(compareCatalogues(wanted, real)),
      new Set(wantedRights(dialect, system, defaultRoles).functions),
    ),
    isShared,
    accepted: new Map(system.accepts?.map(({ object, reason }) => [object, reason])),
    weakens: weakening({ dialect: dialect.name, system, parts: found.parts, isShared }),
  };
}

/** Leaves out who may call functions whose rights are planned, which no step grants, and that fewer may call one. */
const withoutPlanned = (
  differences: readonly Difference[],
  planned: ReadonlySet<string>,
): readonly Difference[] =>
  differences.flatMap((difference) => {
    const { what, part, facts } = difference;
    if (what !== 'differs' || part.kind !== 'function') return [difference];
    const isPlanned = planned.has(functionName(part.name));
    const others = facts.filter(
      ({ fact, found }) => fact !== 'callers' || (found !== undefined && !isPlanned),
    );
    return others.length === 0 ? [] : [{ ...difference, facts: others }];
  });

const isOwn = (name: string | undefined): boolean => name?.startsWith('ashlar_') === true;
const parts = new Set(['column', 'constraint', 'index', 'key trigger']);

// only the release that made a version knows its definitions
const withoutFoundation = (catalogue: Catalogue): Catalogue => ({
  ...catalogue,
  parts: catalogue.parts.filter(
    ({ kind, name, on }) => !(on === undefined ? isOwn(name) : isOwn(on) && parts.has(kind)),
  ),
});

/** Leaves out what follows from another difference: the parts of a table, and the index and the triggers of a constraint. */
const withoutConsequences = (differences: readonly Difference[]): readonly Difference[] => {
  const named = (what: Difference['what'], kinds: readonly string[]): ReadonlySet<string> =>
    new Set(
      differences.flatMap((each) =>
        each.what === what && kinds.includes(each.part.kind) ? [each.part.name] : [],
      ),
    );
  const tables = ['table', 'foreign table', 'partition', 'view', 'materialized view'];
  const gone = {
    missing: named('missing', tables),
    extra: named('extra', tables),
    differs: new Set<string>(),
  };
  const keys = {
    missing: named('missing', ['constraint']),
    extra: named('extra', ['constraint']),
    differs: new Set<string>(),
  };
  return differences.filter(({ what, part: { kind, name, on, partition } }) => {
    if (kind === 'key trigger')
      return (
        what !== 'extra' &&
        !keys[what].has(name.slice(name.indexOf(' of ') + 4)) &&
        !gone[what].has(partition ?? on ?? '')
      );
    if (kind === 'index' && keys[what].has(name)) return false;
    if (kind === 'trigger' || kind === 'partition') return what !== 'missing' || !gone.missing.has(on ?? '');
    return on === undefined || !gone[what].has(partition ?? on);
  });
};

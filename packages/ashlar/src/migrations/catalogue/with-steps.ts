import type { Catalogue, CataloguePart } from '../../contract/catalogue.js';
import type { SqlDialect } from '../../contract/dialect.js';
import type { Engine } from '../../contract/engine.js';
import type { Owner } from '../../contract/owner.js';
import type { SystemFacts } from '../../contract/system.js';
import { rootText } from '../../engines/refusal.js';
import { compareHistory } from '../compare-history.js';
import { foundationState } from '../foundation.js';
import { type AppliedStep, readHistory } from '../history.js';
import { incomingTable } from '../incoming.js';
import { ownSystem } from '../own-system.js';
import { stateOfSteps } from '../shadow.js';
import { readSteps } from '../steps.js';
import type { StepsState } from '../steps-state.js';
import { compareCatalogues, type Difference } from './compare.js';
import { asPrintedBy } from './printed.js';
import { weakening } from './weakens.js';

/** A database compared with what its applied steps make of an empty one. */
export interface Comparison {
  readonly found: Catalogue;
  readonly expected: StepsState;
  readonly differences: readonly Difference[];
  /** Whether a part could weaken a guarantee if no step made it. */
  readonly weakens: (part: CataloguePart) => boolean;
  /** Why expressions were not compared as they are printed; `undefined` if they were. */
  readonly loose?: string | undefined;
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
  const compared = async (): Promise<Comparison | undefined> => {
    const { history, found } = await describedNow(engine);
    const rows = history.filter((row) => row.system === system.name);
    if (rows.length === 0 || !found) return undefined;
    const pending = new Set(compareHistory(steps, rows).pending);
    const applied = steps.filter((step) => !pending.has(step));
    const { version } = foundationState(history);
    const made = await stateOfSteps(dialect, applied, version);
    const { expected, loose } = await asPrintedBy(engine, { steps: applied, version, expected: made, found });
    return { ...comparisonOf({ dialect, system, history, found, expected }), loose };
  };
  const first = await compared();
  return first === undefined || first.differences.length === 0 ? first : inBoth(first, await compared());
}

/** A description, with the history that it belongs to. */
const describedNow = (engine: Engine): Promise<Pick<Described, 'history'> & { found?: Catalogue }> =>
  engine.asOwner(async (owner) => {
    for (let attempt = 1; ; attempt++) {
      const history = await readHistory(owner, engine.dialect);
      if (history.length === 0) return { history };
      const found = await described(engine, owner, attempt);
      // `up` may have committed a step meanwhile
      const after = found && (await readHistory(owner, engine.dialect));
      if (found && (attempt === attempts || JSON.stringify(after) === JSON.stringify(history)))
        return { history: after ?? history, found };
    }
  });

const attempts = 3;

/** Describes a database; `undefined` if an object was dropped while the server printed it. */
const described = async (engine: Engine, owner: Owner, attempt: number): Promise<Catalogue | undefined> => {
  try {
    return await engine.catalogue(owner);
  } catch (error) {
    // the functions that print objects read what other sessions commit, and not the snapshot of the query
    if (
      attempt < attempts &&
      /cache lookup failed|could not open relation|does not exist/.test(rootText(error))
    )
      return undefined;
    throw error;
  }
};

/**
 * Returns a second comparison with the differences that the first has too: DDL that runs meanwhile, such as the maintenance of
 * partitions, is seen in parts.
 */
const inBoth = (first: Comparison, second: Comparison | undefined): Comparison => {
  if (!second) return first;
  const seen = new Set(first.differences.map(keyOf));
  return { ...second, differences: second.differences.filter((each) => seen.has(keyOf(each))) };
};

const keyOf = ({ what, part: { kind, name, identity, on, partition } }: Difference): string =>
  JSON.stringify([what, kind, name, identity, on, partition]);

/** A description of a database, with its history, and what its steps make. */
export interface Described {
  readonly dialect: SqlDialect;
  readonly system: SystemFacts;
  /** The applied steps of all systems. */
  readonly history: readonly AppliedStep[];
  readonly found: Catalogue;
  readonly expected: StepsState;
}

/** Compares a description of a database with what its steps make. */
export function comparisonOf({ dialect, system, history, found, expected }: Described): Comparison {
  const isShared = history.some((row) => row.system !== system.name && row.system !== ownSystem);
  return {
    found,
    expected,
    differences: withoutConsequences(
      withoutWhole(compareCatalogues(expected.catalogue, found, dialect.printing)),
    ).filter((each) => !(foundationState(history).incoming && isOfMove(each))),
    isShared,
    accepted: new Map(system.accepts?.map(({ object, reason }) => [object, reason])),
    weakens: weakening({ dialect: dialect.name, system, parts: found.parts, isShared }),
  };
}

// the target of a move is proved before its mark is taken off, and such a database accepts no sessions
const isOfMove = ({ what, part: { kind, name } }: Difference): boolean =>
  what === 'extra' && kind === 'table' && name === incomingTable;

const whole = 'whole text';
const inTable = new Set(['column', 'constraint']);

/** Leaves out that the text of a table differs where a part of the table says what. */
const withoutWhole = (differences: readonly Difference[]): readonly Difference[] => {
  const explained = new Set(
    differences.flatMap(({ part: { kind, on } }) => (inTable.has(kind) && on !== undefined ? [on] : [])),
  );
  return differences.flatMap((each) => {
    const rest = each.facts.filter(({ fact }) => fact !== whole);
    if (rest.length === each.facts.length || (rest.length === 0 && !explained.has(each.part.name)))
      return [each];
    return rest.length === 0 ? [] : [{ ...each, facts: rest }];
  });
};

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
    twice: new Set<string>(),
  };
  const keys = {
    missing: named('missing', ['constraint']),
    extra: named('extra', ['constraint']),
    differs: new Set<string>(),
    twice: new Set<string>(),
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

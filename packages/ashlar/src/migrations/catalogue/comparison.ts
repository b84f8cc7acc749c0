import type { Catalogue, CataloguePart } from '../../contract/catalogue.js';
import type { SqlDialect } from '../../contract/dialect.js';
import type { AcceptedObject } from '../../contract/objects.js';
import type { SystemFacts } from '../../contract/system.js';
import { defaultRoles } from '../../roles/names.js';
import { wantedRights } from '../../roles/wanted.js';
import { foundationState } from '../foundation.js';
import type { AppliedStep } from '../history.js';
import { incomingTable } from '../incoming.js';
import { ownSystem } from '../own-system.js';
import { functionName } from '../ownership/keys.js';
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
  /** Why expressions were not compared as they are printed; `undefined` if they were. */
  readonly loose?: string | undefined;
  /** Whether other systems share the database. */
  readonly isShared: boolean;
  /** The objects that the system accepts, by their names. */
  readonly accepted: ReadonlyMap<string, AcceptedObject>;
}

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
    differences: withoutPlanned(
      withoutConsequences(
        withoutWhole(compareCatalogues(expected.catalogue, found, dialect.printing)),
      ).filter((each) => !(foundationState(history).incoming && isOfMove(each))),
      new Set(wantedRights(dialect, system, defaultRoles).functions),
    ),
    isShared,
    accepted: new Map(system.accepts?.map((each) => [each.object, each])),
    weakens: weakening({ dialect: dialect.name, system, parts: found.parts }),
  };
}

/** Leaves out who may call functions whose rights are planned, which no step grants, and that fewer may call one. */
export function withoutPlanned(
  differences: readonly Difference[],
  planned: ReadonlySet<string>,
): readonly Difference[] {
  return differences.flatMap((difference) => {
    const { what, part, facts } = difference;
    if (what !== 'differs' || part.kind !== 'function') return [difference];
    const isPlanned = planned.has(functionName(part.name));
    const others = facts.filter(
      ({ fact, found }) => fact !== 'callers' || (found !== undefined && !isPlanned),
    );
    return others.length === 0 ? [] : [{ ...difference, facts: others }];
  });
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
    // what it does is no part of its relation
    if (kind === 'trigger' || kind === 'rule' || kind === 'partition')
      return what !== 'missing' || !gone.missing.has(on ?? '');
    return on === undefined || !gone[what].has(partition ?? on);
  });
};

import type { Catalogue, CataloguePart } from '../../contract/catalogue.js';
import type { Engine } from '../../contract/engine.js';
import type { Owner } from '../../contract/owner.js';
import type { SystemFacts } from '../../contract/system.js';
import { rootText } from '../../engines/refusal.js';
import { identifier } from '../../model/index.js';
import { defaultRoles } from '../../roles/names.js';
import { wantedRights } from '../../roles/wanted.js';
import { compareHistory } from '../compare-history.js';
import { foundationState } from '../foundation.js';
import { type AppliedStep, readHistory } from '../history.js';
import { stateOfSteps } from '../shadow.js';
import { readSteps } from '../steps.js';
import { compareCatalogues, type Difference } from './compare.js';
import { type Comparison, comparisonOf, withoutPlanned } from './comparison.js';
import { driftOf } from './findings.js';
import { asPrintedBy, type Printed } from './printed.js';

export { type Comparison, comparisonOf } from './comparison.js';

/** Where the tables of a system are, if they are in another schema than the one that the engine was opened with. */
type Place = string | undefined;

/**
 * Compares a database with what its applied steps make of an empty one; `undefined` before the first step. What the other systems
 * of the project make of it, there or in other schemas, is no difference.
 *
 * @throws AshlarError `migration-failed`, `driver-missing` (the shadow runs in an embedded engine)
 */
export async function compareWithSteps(engine: Engine, system: SystemFacts): Promise<Comparison | undefined> {
  const first = await comparedIn(engine, system);
  if (first === undefined || first.differences.length === 0) return first;
  const compared = inBoth(first, await comparedIn(engine, system));
  const places = new Set(compared.differences.flatMap(({ part }) => part.facts.place ?? []));
  const project = new Project(engine, system);
  const proven = await provenOf(project, places);
  const differences = await withoutGuards(project, system, compared);
  return {
    ...compared,
    differences: differences.filter((each) => !isExtra(each) || !proven.has(each.part.facts.place ?? '')),
  };
}

/** The systems of a project, each of which is compared once with what it makes of a schema. */
class Project {
  readonly systems: readonly SystemFacts[];
  readonly #engine: Engine;
  readonly #known = new Map<string, Promise<Comparison | undefined>>();

  constructor(engine: Engine, system: SystemFacts) {
    this.#engine = engine;
    this.systems = [system, ...(system.beside ?? [])];
  }

  /** Compares a schema, by its quoted name; `undefined` if the system has no steps there. */
  comparedIn(schema: string, system: SystemFacts): Promise<Comparison | undefined> {
    const key = JSON.stringify([schema, system.name]);
    const beside = this.systems.filter((other) => other !== system);
    const compared = this.#known.get(key) ?? comparedIn(this.#engine, { ...system, beside }, schema);
    this.#known.set(key, compared);
    return compared;
  }
}

const isExtra = ({ what }: Difference): boolean => what === 'extra';

/** The differences without what the guards of the project have on the tables of the system, as their steps make it. */
const withoutGuards = async (
  project: Project,
  system: SystemFacts,
  { found, differences }: Comparison,
): Promise<readonly Difference[]> => {
  if (!differences.some(isExtra)) return differences;
  const keys = new Set<string>();
  for (const guard of project.systems) {
    const { guards } = guard;
    if (guard === system || guards === undefined || guards.schema !== found.schema) continue;
    const compared = await project.comparedIn(identifier(guards.own), guard);
    if (!compared) continue;
    const different = new Set(compared.differences.map(({ part }) => part));
    for (const part of compared.found.parts)
      if (guards.tables.includes(part.on ?? '') && !different.has(part)) keys.add(guardKey(part));
  }
  return differences.filter((each) => !isExtra(each) || !keys.has(guardKey(each.part)));
};

const guardKey = ({ kind, on, name }: CataloguePart): string => JSON.stringify([kind, on, name]);

/**
 * Returns a system that accepts the functions of the schemas which are what the project's steps make of them: of its own, where it
 * is in several schemas, and of the systems beside it. Their own proof compares these schemas; one in which anything differs is
 * not accepted here either.
 *
 * @throws AshlarError as {@link compareWithSteps}
 */
export async function withProvenSchemas<T extends SystemFacts>(engine: Engine, system: T): Promise<T> {
  const others = await engine.asOwner(async (owner) =>
    engine.dialect.roles ? await owner.run(otherHistories) : [],
  );
  const schemas = new Set(others.map(({ name }) => String(name)));
  const proven = await provenOf(new Project(engine, system), schemas);
  if (proven.size === 0) return system;
  const reason = 'the steps of this project make all that is in it';
  const accepted = [...proven].map((schema) => ({ object: `schema ${schema}`, reason }));
  return { ...system, accepts: [...(system.accepts ?? []), ...accepted] };
}

// quoted, as the names of functions are
const otherHistories = `
SELECT quote_ident(n.nspname) AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = 'ashlar_migrations' AND c.relkind = 'r' AND n.nspname <> current_schema() AND n.nspname !~ '^pg_'`;

/** Those of the schemas, by their quoted names, in which nothing is but what the project's steps make. */
const provenOf = async (project: Project, schemas: ReadonlySet<string>): Promise<ReadonlySet<string>> => {
  const proven = new Set<string>();
  for (const schema of schemas) {
    let found = 0;
    let isProven = true;
    for (const system of project.systems) {
      const compared = await project.comparedIn(schema, system);
      if (!compared) continue;
      found++;
      // what another schema has of this one is judged there
      const differences = (await withoutGuards(project, system, compared)).filter(
        ({ part }) => part.facts.place === undefined,
      );
      isProven &&= driftOf({ ...compared, differences }).length === 0;
    }
    if (found > 0 && isProven) proven.add(schema);
  }
  return proven;
};

const comparedIn = async (
  engine: Engine,
  system: SystemFacts,
  schema?: Place,
): Promise<Comparison | undefined> => {
  const { dialect } = engine;
  const { history, found } = await describedNow(engine, system, schema);
  const own = found && (await expectedOf(engine, system, { history, found }));
  if (!found || !own) return undefined;
  const { expected, loose } = own;
  const comparison = { ...comparisonOf({ dialect, system, history, found, expected }), loose };
  if (!comparison.differences.some(isExtra)) return comparison;
  const planned = new Set(wantedRights(dialect, system, defaultRoles).functionsBeside);
  const others: Printed[] = [];
  for (const each of system.beside ?? []) {
    const made = await expectedOf(engine, each, { history, found });
    if (made) others.push(made);
  }
  const isOthers = madeByOthers(
    found,
    others.map(({ expected: { catalogue } }) =>
      withoutPlanned(compareCatalogues(catalogue, found, dialect.printing), planned),
    ),
  );
  return {
    ...comparison,
    loose: loose ?? others.find((each) => each.loose !== undefined)?.loose,
    differences: comparison.differences.filter((each) => !isExtra(each) || !isOthers(each.part)),
  };
};

/** What the applied steps of a system make; `undefined` if none was applied. */
const expectedOf = async (
  engine: Engine,
  system: SystemFacts,
  { history, found }: Required<Now>,
): Promise<Printed | undefined> => {
  const { dialect } = engine;
  const rows = history.filter((row) => row.system === system.name);
  if (rows.length === 0) return undefined;
  const steps = await readSteps(system.migrations, dialect.name);
  const pending = new Set(compareHistory(steps, rows).pending);
  const applied = steps.filter((step) => !pending.has(step));
  const { version } = foundationState(history);
  const expected = await stateOfSteps(dialect, applied, version);
  return asPrintedBy(engine, { steps: applied, version, expected, found });
};

/** Tells whether a part is as the steps of another system make it. */
const madeByOthers = (
  { parts }: Catalogue,
  comparisons: readonly (readonly Difference[])[],
): ((part: CataloguePart) => boolean) => {
  const made = new Set<CataloguePart>();
  for (const differences of comparisons) {
    const different = new Set(differences.map(({ part }) => part));
    const partitions = new Set(
      differences.flatMap(({ what, part }) =>
        what === 'extra' && part.kind === 'partition' ? [part.name] : [],
      ),
    );
    for (const part of parts)
      if (!different.has(part) && !partitions.has(part.partition ?? '')) made.add(part);
  }
  return (part) => made.has(part);
};

/** A description, with the history that it belongs to; none where the system has no step in the history. */
interface Now {
  readonly history: readonly AppliedStep[];
  readonly found?: Catalogue;
}

const describedNow = (engine: Engine, system: SystemFacts, schema: Place): Promise<Now> =>
  engine.asOwner(async (owner) => {
    const read = (): Promise<AppliedStep[]> =>
      inSchema(owner, schema, () => readHistory(owner, engine.dialect));
    for (let attempt = 1; ; attempt++) {
      const history = await read();
      if (!history.some((row) => row.system === system.name)) return { history };
      const of = schema === undefined ? undefined : system;
      const found = await described(
        () => inSchema(owner, schema, () => engine.catalogue(owner, of)),
        attempt,
      );
      // `up` may have committed a step meanwhile
      const after = found && (await read());
      if (found && (attempt === attempts || JSON.stringify(after) === JSON.stringify(history)))
        return { history: after ?? history, found };
    }
  });

const attempts = 3;

/** Runs `work` with another schema as the current one, by its quoted name. */
const inSchema = <T>(owner: Owner, schema: Place, work: () => Promise<T>): Promise<T> =>
  schema === undefined
    ? work()
    : owner.atomically(async () => {
        const set = `SELECT pg_catalog.set_config('search_path', $1, true)`;
        const [before = {}] = await owner.run(`SELECT pg_catalog.current_setting('search_path') AS path`);
        await owner.run(set, [`${schema}, pg_temp`]);
        const result = await work();
        await owner.run(set, [String(before.path)]);
        return result;
      });

/** Describes a database; `undefined` if an object was dropped while the server printed it. */
const described = async (
  describe: () => Promise<Catalogue>,
  attempt: number,
): Promise<Catalogue | undefined> => {
  try {
    return await describe();
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

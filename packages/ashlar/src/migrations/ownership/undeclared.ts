import type { CataloguePart } from '../../contract/catalogue.js';
import type { SqlDialect } from '../../contract/dialect.js';
import type { SqlName } from '../../contract/sql.js';
import type { SystemFacts } from '../../contract/system.js';
import { objectsOfSystem } from '../../engines/declared-sql.js';
import { sideObjects } from '../../model/index.js';
import { codeOf, nameOf } from '../../sql/code.js';
import type { Comparison } from '../catalogue/comparison.js';
import { factsHash, isAccepted, isOmitted } from '../catalogue/findings.js';
import { directiveOf } from '../catalogue/words.js';
import { nameOnly } from './keys.js';

/** An object that no table declares and no generated step made. */
export interface UndeclaredObject {
  /** As directives name it: `index orders_by_status`. */
  readonly object: string;
  /** Whether a step makes it, or it exists in this database only. */
  readonly from: 'step' | 'database';
  /** Whether it could lift a guarantee; `prove` fails then. */
  readonly lifts: boolean;
  /** Why the system accepts the object; then it lifts nothing, and `prove` does not fail. */
  readonly accepted?: string;
  /** What the object is, for one that the system names in `accepts`; `sha256` is the hash of it. */
  readonly facts?: Readonly<Record<string, string>>;
}

/**
 * Lists the objects that no table declares and no generated step made: those of steps, and those of the system's tables
 * in this database.
 */
export function undeclaredOf(
  dialect: SqlDialect,
  system: SystemFacts,
  compared: Comparison,
): readonly UndeclaredObject[] {
  const declared = declaredNames(dialect, system);
  const { foreign, unknown } = compared.expected.ownership;
  // the tool's own tables, on which a guard is
  const external = new Set(system.guards?.tables);
  const extra = new Set(compared.differences.flatMap(({ what, part }) => (what === 'extra' ? [part] : [])));
  const isDeclared = ({ kind, name, outside }: CataloguePart): boolean =>
    outside !== true && kind !== 'table' && declared.has(`${kind} ${nameOnly(name)}`);
  const tuned = compared.differences.flatMap(({ what, part, facts }): UndeclaredObject[] =>
    what === 'differs' && facts.every(({ fact }) => fact === 'tuning' || fact === 'populated')
      ? [{ object: `storage settings of ${directiveOf(part)}`, from: 'database', lifts: false }]
      : [],
  );
  const found = compared.found.parts.flatMap((part): UndeclaredObject[] => {
    if (isDeclared(part) || (part.kind === 'table' && external.has(part.name))) return [];
    const object = directiveOf(part);
    const accepted = compared.accepted.get(object);
    if (accepted && extra.has(part)) {
      const isSame = isAccepted(part, compared);
      const facts = { ...part.facts, sha256: factsHash(part) };
      return [
        isSame
          ? { object, from: 'database', lifts: false, accepted: accepted.reason, facts }
          : { object, from: 'database', lifts: true, facts },
      ];
    }
    if (extra.has(part)) {
      const isOthers = compared.isShared && part.kind === 'table';
      const lifts = compared.weakens(part);
      // an extension is named, and its members are its own
      const isNone = isOthers || part.facts.extension !== undefined;
      return (isNone && !lifts) || isOmitted(part, compared) ? [] : [{ object, from: 'database', lifts }];
    }
    if (!foreign.has(object) && !unknown.has(object)) return [];
    const lifts = compared.weakens(part);
    return foreign.has(object) || lifts ? [{ object, from: 'step', lifts }] : [];
  });
  return [...found, ...tuned];
}

/** Everything that a system declares, but for its tables: by type and name, because objects of two types can share a name. */
const declaredNames = (dialect: SqlDialect, system: SystemFacts): ReadonlySet<string> => {
  const typed = (type: string, objects: readonly { readonly name: string }[]): readonly string[] =>
    objects.map(({ name }) => `${type} ${name}`);
  return new Set([
    ...objectsOfSystem(dialect, system).map(({ type, name }) => `${type} ${name}`),
    ...Object.values(system.tables).flatMap((table) => [
      ...typed('column', Object.values(table.columns)),
      ...typed('constraint', [table.primaryKey, ...table.uniques, ...table.foreignKeys, ...table.checks]),
      // on SQLite some unique keys are indexes
      ...typed('index', [...table.uniques, ...table.indexes, ...table.expressionIndexes]),
      ...dialect.generatedColumnObjects(table).map(({ type, name }) => `${type} ${name}`),
      ...sideObjects(table, dialect.name).map(({ type, name }) => `${type} ${name}`),
      // on SQLite a foreign key has triggers of its own
      ...dialect
        .createTable(table)
        .flatMap((statement) => createdTrigger(statement, dialect.name))
        .map((name) => `trigger ${name}`),
    ]),
  ]);
};

const createdTrigger = (statement: string, dialect: SqlName): readonly string[] => {
  const [create, trigger, name] = codeOf(statement, dialect);
  return create?.word === 'CREATE' && trigger?.word === 'TRIGGER' && name ? [nameOf(name)] : [];
};

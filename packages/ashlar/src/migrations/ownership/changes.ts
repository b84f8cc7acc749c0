import { createHash } from 'node:crypto';
import type { Renames, SqlDialect } from '../../contract/dialect.js';
import type { Schema, SchemaChange } from '../../contract/schema.js';
import type { SqlName } from '../../contract/sql.js';
import type { SystemFacts } from '../../contract/system.js';
import { objectsOfSystem } from '../../engines/declared-sql.js';
import { rootText } from '../../engines/refusal.js';
import { AshlarError } from '../../errors.js';
import { identifier } from '../../model/index.js';
import { splitStatements } from '../../sql/statements.js';
import { withFills } from '../fills.js';
import { changesOfOmitted, type OmittedChanges } from '../omitted.js';
import type { AllRenames, Comparison } from '../renames.js';
import { inCreationOrder } from '../shadow.js';
import type { Step } from '../steps.js';
import type { SchemaState } from '../steps-state.js';
import { blocked } from './blocked.js';
import { cannotRunWith } from './breaks.js';
import { withKept } from './keep.js';
import { afterRenames, commentsOf, objectKey, objectsOf } from './keys.js';
import type { Ownership } from './ownership.js';
import type { OwnedComparison } from './unknown.js';

/** The schemas to compare in one dialect, with the owners of what the steps made. */
export interface StepsComparison extends Comparison, OwnedComparison {}

/** The changes to the model's schema that leave undeclared objects as they are: first names, then the rest. */
export interface KeepingChanges {
  /** Renames of tables; of columns too, if there are objects to keep that may name them. */
  readonly first: readonly SchemaChange[];
  readonly rest: readonly SchemaChange[];
  /** The changes of objects that shadow databases are made without: they are not tried. */
  readonly omitted: OmittedChanges;
  /** The schemas that `rest` lies between: what `first` makes, and the model's with what is kept. */
  readonly comparison: Comparison;
  /** The columns that `rest` renames. */
  readonly renamedColumns: Renames;
  /** The objects that the model lacks and that stay. */
  readonly kept: ReadonlySet<string>;
  /** The renamed tables, side tables included: old → new. */
  readonly renamedTables: ReadonlyMap<string, string>;
  /** The renamed tables and columns as directives name them: old → new. */
  readonly renamedKeys: ReadonlyMap<string, string>;
}

/** All changes of a step, in their order. */
export function allChanges({ first, rest, omitted }: KeepingChanges): readonly SchemaChange[] {
  return [...omitted.first, ...first, ...rest, ...omitted.last];
}

/** What is planned, and how the renames are run after the steps. */
export interface Keeping {
  readonly system: SystemFacts;
  readonly comparison: StepsComparison;
  readonly renames: AllRenames;
  /** The objects of older steps to keep, of which it is not known who made them. */
  readonly keeps: ReadonlySet<string>;
  /** Runs a step after all that ran before in a shadow database. */
  readonly run: (step: Step) => Promise<SchemaState>;
}

/**
 * Returns the changes that turn the schema of the steps into that of the model. Objects that no generated step made are
 * kept; of those of older steps, the ones that `keeps` names.
 *
 * @throws AshlarError `migration-blocked` if a table is dropped that carries an object to keep
 */
export async function changesKeeping({
  system,
  comparison,
  renames,
  keeps,
  run,
}: Keeping): Promise<KeepingChanges> {
  const { dialect, after } = comparison;
  const model = inCreationOrder(Object.values(system.tables));
  const omitted = changesOfOmitted(
    dialect.name,
    comparison.ownership.omitted,
    objectsOfSystem(dialect, system),
  );
  const { changes: renamedTables, names } = dialect.renameTables(comparison.before, model, renames.tables);
  const tableKeys = new Map(
    [...names].map(([from, to]) => [objectKey('table', from), objectKey('table', to)]),
  );
  const tables = await renamedState(comparison, { dialect, changes: renamedTables, keys: tableKeys, run });
  const isKept = isKeptIn(tables.ownership, keeps, tableKeys);
  const asked = withKept(after, tables.schema, isKept);
  const renamedColumns = renameChanges(renames.columns);
  const columnKeys = keysOfColumns(renames.columns);
  const renamedKeys = new Map([...tableKeys, ...columnKeys]);
  // without objects to keep the comparison follows the renames itself, and may rebuild a table once
  const hasComments = [...commentsOf(tables.schema).keys()].some(isKept);
  if (renamedColumns.length === 0 || (keptIn(asked, after).size === 0 && !hasComments)) {
    assertNotCarried(tables.schema, asked, isKept);
    return {
      first: renamedTables,
      rest: withFills(
        dialect,
        model,
        tables.schema,
        dialect.changes(tables.schema, asked, model, renames.columns),
      ),
      omitted,
      comparison: { dialect, before: tables.schema, after: asked },
      renamedColumns: renames.columns,
      kept: keptIn(asked, after),
      renamedTables: names,
      renamedKeys,
    };
  }
  const columns = await renamedState(tables, { dialect, changes: renamedColumns, keys: columnKeys, run });
  const isKeptNow = isKeptIn(columns.ownership, keeps, renamedKeys);
  const target = withKept(after, columns.schema, isKeptNow);
  assertNotCarried(columns.schema, target, isKeptNow);
  return {
    first: [...renamedTables, ...renamedColumns],
    rest: withFills(dialect, model, columns.schema, dialect.changes(columns.schema, target, model, {})),
    omitted,
    comparison: { dialect, before: columns.schema, after: target },
    renamedColumns: {},
    kept: keptIn(target, after),
    renamedTables: names,
    renamedKeys,
  };
}

/** Returns whether an object stays although the model lacks it: the condition for each of its names. */
export function isKeptIn(
  { foreign }: Ownership,
  keeps: ReadonlySet<string>,
  renamed: ReadonlyMap<string, string> = new Map(),
): (key: string) => boolean {
  const asked = new Set([...keeps].map((key) => afterRenames(key, renamed)));
  return (key) => foreign.has(key) || asked.has(key);
}

type OwnedSchema = Pick<SchemaState, 'schema' | 'ownership'>;

interface Renaming {
  readonly dialect: SqlDialect;
  readonly changes: readonly SchemaChange[];
  readonly keys: ReadonlyMap<string, string>;
  readonly run: (step: Step) => Promise<SchemaState>;
}

// the engine itself renames what names a table or a column: views, triggers, indexes
const renamedState = async (
  before: StepsComparison | OwnedSchema,
  { dialect, changes, keys, run }: Renaming,
): Promise<OwnedSchema> => {
  if (changes.length > 0) {
    try {
      return await run(renamingStep(dialect.name, changes, keys));
    } catch (error) {
      if (!(error instanceof AshlarError) || error.code !== 'migration-failed') throw error;
      const { foreign, unknown } = before.ownership;
      const renamed = changes.map(({ summary }) => summary).join('; ');
      throw cannotRunWith(new Set([...foreign, ...unknown]), `${renamed}\n${rootText(error)}`, error);
    }
  }
  return 'schema' in before ? before : { schema: before.before, ownership: before.ownership };
};

const keptIn = (target: Schema, model: Schema): ReadonlySet<string> => {
  const declared = new Set(objectsOf(model).map(({ key }) => key));
  return new Set(objectsOf(target).flatMap(({ key }) => (declared.has(key) ? [] : [key])));
};

const renameChanges = (renames: Renames): readonly SchemaChange[] =>
  Object.entries(renames).flatMap(([table, columns]) =>
    Object.entries(columns).map(([now, before]): SchemaChange => {
      const rename = (from: string, to: string): string =>
        `ALTER TABLE ${identifier(table)} RENAME COLUMN ${identifier(from)} TO ${identifier(to)}`;
      return {
        summary: `${table}: rename column ${before} to ${now}`,
        up: [rename(before, now)],
        down: [rename(now, before)],
        danger: undefined,
        rebuild: [],
      };
    }),
  );

const keysOfColumns = (renames: Renames): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(renames).flatMap(([table, columns]) =>
      Object.entries(columns).map(
        ([now, before]) => [objectKey('column', before, table), objectKey('column', now, table)] as const,
      ),
    ),
  );

/** A step that is run in a shadow database only. */
const renamingStep = (
  dialect: SqlName,
  changes: readonly SchemaChange[],
  keys: ReadonlyMap<string, string>,
): Step => {
  const text = changes.flatMap(({ up }) => up.map((sql) => `${sql.trim().replace(/;$/, '')};\n`)).join('');
  return {
    name: 'the renames',
    checksum: createHash('sha256')
      .update(`${JSON.stringify([...keys])}\n${text}`)
      .digest('hex'),
    up: {
      kind: 'sql',
      file: `up.${dialect}.sql`,
      text,
      statements: splitStatements(text, dialect),
      mode: 'transaction',
      irreversible: false,
      contract: false,
      omits: [],
      ownership: { makes: [], keeps: [], renames: keys },
    },
    down: undefined,
  };
};

const assertNotCarried = (before: Schema, target: Schema, isKept: (key: string) => boolean): void => {
  const remaining = new Set(target.tables.map(({ name }) => name));
  const gone = before.tables.filter(({ name }) => !remaining.has(name)).map(({ name }) => name);
  const carried = objectsOf(before).filter(
    ({ key, table }) => table !== undefined && gone.includes(table) && isKept(key),
  );
  const made = carried.filter(({ table }) => !isKept(objectKey('table', table ?? '')));
  const [first] = made;
  if (!first) return;
  throw blocked(
    `The table ${first.table} is no longer declared, and carries ${made.map(({ key }) => key).join(', ')}.`,
    'No generated step made it, so no generated step drops it.',
    `Drop it in a step of your own first (ashlar migrate new --empty), or declare the table again.`,
  );
};

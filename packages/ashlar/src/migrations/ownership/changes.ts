import { createHash } from 'node:crypto';
import type { Renames, SqlDialect } from '../../contract/dialect.js';
import type { Schema, SchemaChange } from '../../contract/schema.js';
import type { SqlName } from '../../contract/sql.js';
import type { SystemFacts } from '../../contract/system.js';
import { identifier } from '../../model/index.js';
import { splitStatements } from '../../sql/statements.js';
import { inCreationOrder, type StepsState, stateOfSteps } from '../shadow.js';
import type { Step, StepMode } from '../steps.js';
import { blocked } from './blocked.js';
import { withKept } from './keep.js';
import { objectKey, objectsOf } from './keys.js';
import type { OwnershipLines } from './lines.js';
import type { OwnedComparison } from './unknown.js';

/** The schemas to compare, with the steps that made the first of them. */
export interface StepsComparison extends OwnedComparison {
  readonly dialect: SqlDialect;
  readonly steps: readonly Step[];
}

/** The changes to the model's schema that leave undeclared objects as they are. */
export interface KeepingChanges {
  readonly changes: readonly SchemaChange[];
  /** The schema that the changes lead to: the model's, and what is kept. */
  readonly target: Schema;
  readonly kept: ReadonlySet<string>;
}

const isKeptIn =
  ({ ownership }: Pick<StepsState, 'ownership'>, dropped: ReadonlySet<string>) =>
  (key: string): boolean =>
    (ownership.foreign.has(key) || ownership.unknown.has(key)) && !dropped.has(key);

/**
 * Returns the changes that turn the schema of the steps into that of the model. Objects that no generated step made are
 * kept; `dropped` are those of them that the model lacks and that count as made.
 *
 * @throws AshlarError `migration-blocked` if a table is dropped that carries an object to keep
 */
export async function changesKeeping(
  system: SystemFacts,
  comparison: StepsComparison,
  renames: Renames,
  dropped: ReadonlySet<string>,
): Promise<KeepingChanges> {
  const { dialect, after } = comparison;
  const model = inCreationOrder(Object.values(system.tables));
  const state = { schema: comparison.before, ownership: comparison.ownership };
  const renaming = renameChanges(renames);
  const asked = withKept(after, state.schema, isKeptIn(state, dropped));
  // without kept objects the comparison follows the renames itself, and may rebuild a table once
  const isPlain = renaming.length === 0 || keptIn(asked, after).size === 0;
  const before: Pick<StepsState, 'schema' | 'ownership'> = isPlain
    ? state
    : await stateOfSteps(dialect, [...comparison.steps, renamingStep(dialect.name, renaming, renames)]);
  const target = isPlain ? asked : withKept(after, before.schema, isKeptIn(before, dropped));
  assertNotCarried(before.schema, target, isKeptIn(before, dropped));
  return {
    changes: isPlain
      ? dialect.changes(before.schema, target, model, renames)
      : [...renaming, ...dialect.changes(before.schema, target, model, {})],
    target,
    kept: keptIn(target, after),
  };
}

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

/** Returns the renamed columns as directives name them: old → new. */
export function renamedKeys(renames: Renames): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(renames).flatMap(([table, columns]) =>
      Object.entries(columns).map(
        ([now, before]) => [objectKey('column', before, table), objectKey('column', now, table)] as const,
      ),
    ),
  );
}

const renamingStep = (dialect: SqlName, changes: readonly SchemaChange[], renames: Renames): Step =>
  stepOf('the renames', dialect, 'transaction', changes, {
    makes: [],
    keeps: [],
    renames: renamedKeys(renames),
  });

/** Makes a step that is run in a shadow database only. */
export function stepOf(
  name: string,
  dialect: SqlName,
  mode: StepMode,
  changes: readonly SchemaChange[],
  ownership: OwnershipLines,
): Step {
  const text = changes.flatMap(({ up }) => up.map((sql) => `${sql.trim().replace(/;$/, '')};\n`)).join('');
  return {
    name,
    checksum: createHash('sha256')
      .update(`${mode}\n${JSON.stringify([...ownership.renames])}\n${text}`)
      .digest('hex'),
    up: {
      kind: 'sql',
      file: `up.${dialect}.sql`,
      text,
      statements: splitStatements(text, dialect),
      mode,
      irreversible: false,
      ownership,
    },
    down: undefined,
  };
}

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

import type { Column } from '../contract/column.js';
import type { Renames } from '../contract/dialect.js';
import type { GuardedTable } from '../contract/guarantee.js';
import type { Schema, SchemaColumn, SchemaTable } from '../contract/schema.js';
import { sideObjects } from '../model/index.js';
import { codeOf } from '../sql/code.js';
import { uniqueExpressions } from '../sql/declared-indexes.js';
import { type ForeignKeyText, foreignKeyOf } from '../sql/foreign-key.js';
import type { Comparison } from './renames.js';
import type { Retype } from './retypes.js';

/** A table before the step, with what the step makes of it. */
export interface TrialTable {
  readonly before: SchemaTable;
  /** The table of the model; `undefined` for a table that the step drops. */
  readonly model: GuardedTable | undefined;
  /** The columns of the model by their names before the step. */
  readonly columns: ReadonlyMap<string, Column>;
  /** The columns that the step converts, by their names before the step. */
  readonly retypes: ReadonlyMap<string, Retype>;
  /** The foreign keys before the step and after it, by the names of the columns before it. */
  readonly foreignKeys: readonly ForeignKeyText[];
  /** The required keys to rows that come later in the same transaction: tables that refer to one another. */
  readonly deferred: readonly ForeignKeyText[];
  /** The columns whose default differs after the step, which may refuse the default before it. */
  readonly redefaulted: ReadonlySet<string>;
  /** The columns that refer to one table before the step and to another after it: no value suits both. */
  readonly torn: ReadonlySet<string>;
  /** The tables of which it needs a row, because no column of the foreign key can be NULL before the step or after it. */
  readonly needs: readonly string[];
  /** The required columns without a default that the step drops: undoing it sets them in every row. */
  readonly losses: readonly string[];
  /**
   * How many rows the step can be tried with: none where it adds or drops a required column without a default or turns
   * a required foreign key to another table, which fails with any row; one where it adds or drops a unique key.
   */
  readonly rows: 0 | 1 | 2;
}

/** The facts of a step that decide which tables get rows. */
export interface TrialTablesOf {
  readonly comparison: Comparison;
  readonly renames: Renames;
  readonly retypes: readonly Retype[];
  readonly model: readonly GuardedTable[];
}

/** Returns whether the database itself fills in a described column. */
export function isFilledByDatabase({ rest }: SchemaColumn, dialect: 'sqlite' | 'postgres'): boolean {
  return codeOf(rest, dialect).some(
    ({ word }, at, all) =>
      word === 'IDENTITY' || word === 'AUTOINCREMENT' || (word === 'AS' && all[at + 1]?.text === '('),
  );
}

/**
 * Returns the tables that need rows, each after those that it refers to: the tables that the step changes, those that
 * refer to them, and those that these refer to.
 *
 * @param defers - whether a row may refer to one that comes later, by a deferred key
 */
export function trialTables(step: TrialTablesOf, defers: boolean): readonly TrialTable[] {
  const { before, after, dialect } = step.comparison;
  const keysOf = (table: SchemaTable): readonly ForeignKeyText[] =>
    table.constraints.flatMap(({ definition }) => foreignKeyOf(definition, dialect.name) ?? []);
  const targets = new Map(
    before.tables.map((table) => [table.name, keysOf(table).map(({ target }) => target)]),
  );
  const ordered: TrialTable[] = [];
  const visited = new Set<string>();
  // guarantees write the rows of their side tables
  for (const table of step.model)
    for (const { type, name } of sideObjects(table, dialect.name)) if (type === 'table') visited.add(name);
  const wanted = wantedTables(step, targets);
  const visit = (name: string): void => {
    const table = before.tables.find((one) => one.name === name);
    if (!table || visited.has(name) || !wanted.has(name)) return;
    visited.add(name);
    const now = after.tables.find((one) => one.name === name);
    for (const target of targets.get(name) ?? []) visit(target);
    const keys = [...keysOf(table), ...(now ? keysNow(step, now, keysOf(now)) : [])];
    for (const { target } of keys) visit(target);
    ordered.push(trialTable(step, { table, now, foreignKeys: keys, earlier: ordered, defers }));
  };
  for (const name of wanted) visit(name);
  return ordered;
}

const wantedTables = (
  { comparison: { before, after }, renames }: TrialTablesOf,
  targets: ReadonlyMap<string, readonly string[]>,
): ReadonlySet<string> => {
  const text = (schema: Schema, table: string): string =>
    JSON.stringify(schema.tables.find(({ name }) => name === table));
  const wanted = new Set(
    before.tables.flatMap(({ name }) =>
      text(before, name) !== text(after, name) || renames[name] ? [name] : [],
    ),
  );
  const changed = new Set(wanted);
  for (const [name, others] of targets) if (others.some((one) => changed.has(one))) wanted.add(name);
  // a set that grows while it is read is read to its end
  for (const name of wanted) for (const target of targets.get(name) ?? []) wanted.add(target);
  return wanted;
};

const formerNames =
  ({ renames }: TrialTablesOf, table: string) =>
  (name: string) =>
    renames[table]?.[name] ?? name;

// the foreign keys after the step that the rows must satisfy already
const keysNow = (
  step: TrialTablesOf,
  table: SchemaTable,
  keys: readonly ForeignKeyText[],
): readonly ForeignKeyText[] =>
  keys.map(({ columns, target, targetColumns, isDeferred }) => ({
    isDeferred,
    columns: columns.map(formerNames(step, table.name)),
    target,
    targetColumns: targetColumns.map(formerNames(step, target)),
  }));

interface TableWithKeys {
  readonly table: SchemaTable;
  readonly now: SchemaTable | undefined;
  readonly foreignKeys: readonly ForeignKeyText[];
  /** The tables that get their rows before it. */
  readonly earlier: readonly TrialTable[];
  readonly defers: boolean;
}

const trialTable = (
  step: TrialTablesOf,
  { table, now, foreignKeys, earlier, defers }: TableWithKeys,
): TrialTable => {
  const { dialect } = step.comparison;
  const former = formerNames(step, table.name);
  const model = step.model.find(({ name }) => name === table.name);
  const columns = Object.values(model?.columns ?? {}).map((column) => [former(column.name), column] as const);
  const retypes = step.retypes.filter((retype) => retype.table === table.name);
  const has = ({ columns: all }: SchemaTable, name: string): boolean => all.some((one) => one.name === name);
  const isNeeded = (column: SchemaColumn): boolean =>
    column.notNull && column.default === undefined && !isFilledByDatabase(column, dialect.name);
  const kept = new Set(now?.columns.map(({ name }) => former(name)));
  const added = now?.columns.filter(({ name }) => !has(table, former(name))) ?? [];
  const dropped = now ? table.columns.filter(({ name }) => !kept.has(name)) : [];
  const notNull = new Set(
    [...table.columns, ...(now?.columns ?? [])].flatMap((one) => (one.notNull ? [former(one.name)] : [])),
  );
  // of a key that no column can leave empty
  const needed = foreignKeys.filter(
    ({ columns: own, target }) =>
      target !== table.name && own.every((name) => has(table, name) && notNull.has(name)),
  );
  const withoutParent = needed.filter(
    ({ target }) => !earlier.some((one) => one.before.name === target && one.rows > 0),
  );
  const deferred = withoutParent.filter(
    ({ isDeferred, target }) => defers && isDeferred && !earlier.some((one) => one.before.name === target),
  );
  const lacksParent = withoutParent.length > deferred.length;
  const torn = new Set(
    foreignKeys.flatMap(({ columns: own, target }) =>
      own.filter((name) =>
        foreignKeys.some((other) => other.columns.includes(name) && other.target !== target),
      ),
    ),
  );
  const redefaulted = new Set(
    table.columns.flatMap(({ name, default: standard }) => {
      const column = now?.columns.find((one) => former(one.name) === name);
      return column && column.default !== standard ? [name] : [];
    }),
  );
  const isTorn = [...torn].some((name) => notNull.has(name));
  const names = new Set(
    [...table.constraints, ...table.indexes].flatMap(({ name, definition }) =>
      /^(PRIMARY KEY|UNIQUE|CREATE UNIQUE)/i.test(definition) ? [name] : [],
    ),
  );
  const uniques = model
    ? [
        model.primaryKey,
        ...model.uniques,
        ...model.indexes.filter(({ unique }) => unique),
        ...uniqueExpressions(model),
      ]
    : [];
  const rows =
    [...added, ...dropped].some(isNeeded) || lacksParent || isTorn
      ? 0
      : !model || (uniques.length === names.size && uniques.every(({ name }) => names.has(name)))
        ? 2
        : 1;
  return {
    before: table,
    model,
    columns: new Map(columns),
    retypes: new Map(retypes.map((retype) => [retype.former, retype])),
    foreignKeys: foreignKeys.filter(({ columns: own }) => own.every((name) => has(table, name))),
    deferred,
    redefaulted,
    torn,
    needs: needed.filter((key) => !deferred.includes(key)).map(({ target }) => target),
    losses: dropped.filter(isNeeded).map(({ name }) => name),
    rows,
  };
};

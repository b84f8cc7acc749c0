import type { Renames, TableRenames } from '../contract/dialect.js';
import type { SchemaTable } from '../contract/schema.js';
import type { SystemFacts } from '../contract/system.js';
import { AshlarError } from '../errors.js';
import { isOwn } from '../model/names.js';
import { folded, mentions, replaceNames } from '../sql/code.js';
import { objectKey } from './ownership/keys.js';
import {
  type AllRenames,
  afterTableRenames,
  type Comparison,
  declaredColumns,
  declaredTables,
  movedColumns,
  movedTables,
  tableOf,
} from './renames.js';

/** A new table or column that a missing one may have been renamed to. */
export interface Candidate {
  readonly name: string;
  /** How the rules of a new column differ from those of the missing one; `undefined` if they do not. */
  readonly differs: string | undefined;
}

/** A missing table, or a missing column of a table, whose values are lost unless it was renamed. */
export interface Missing {
  readonly table: string;
  /** The missing column; `undefined` if the whole table is missing. */
  readonly column: string | undefined;
  readonly candidates: readonly Candidate[];
}

/** Decides about a missing table or column: returns its new name, or `undefined` if it was dropped. */
export type Decide = (missing: Missing) => Promise<string | undefined>;

/** What options say about missing tables and columns. */
export interface Decisions {
  /** Renamed columns: table → { current column name → previous column name }. */
  readonly renames?: Renames | undefined;
  /** Renamed tables: current name → previous name. */
  readonly tableRenames?: TableRenames | undefined;
  /** Dropped tables and columns: `table`, or `table.column`. */
  readonly drops?: readonly string[] | undefined;
  /** Decides the rest, one by one; without this function, an open question is an error. */
  readonly decide?: Decide | undefined;
}

/**
 * Returns all renames between two schemas: those that tables declare, those given as options, and those that `decide`
 * decides. Every other missing table and column was given as dropped, or decided to be.
 *
 * @param comparisons - the same comparison in each dialect; two types are the same when all dialects agree
 * @param unowned - the objects of older steps of which it is not known who made them: an option may keep them
 * @throws AshlarError `migration-ambiguous`, which lists every open question with the options that answer it, when `decide`
 *   is missing; `usage` when a given rename or drop is impossible
 */
export async function resolveRenames(
  system: SystemFacts,
  comparisons: readonly Comparison[],
  { renames = {}, tableRenames = {}, drops = [], decide }: Decisions,
  unowned: ReadonlySet<string> = new Set(),
): Promise<AllRenames> {
  const [first] = comparisons;
  if (!first) return { tables: {}, columns: {} };
  assertTablesFit(system, comparisons, tableRenames);
  const dropped = new Set(drops);
  const open: Missing[] = [];
  const answer = async (missing: Missing): Promise<string | undefined> => {
    const key = keyOf(missing);
    if (dropped.has(key)) return undefined;
    if (!decide) open.push(missing);
    else return decide(missing);
    return undefined;
  };

  let tables: TableRenames = { ...declaredTables(system, first), ...tableRenames };
  let renamed = comparisons;
  const seen = new Set<string>();
  for (;;) {
    renamed = comparisons.map((each) => afterTableRenames(system, each, tables));
    const next = missingTables(system, renamed).find(({ table }) => !seen.has(table));
    if (!next) break;
    seen.add(next.table);
    const now = await answer(next);
    if (now !== undefined) tables = { ...tables, [now]: next.table };
  }

  const [basis = first] = renamed;
  assertColumnsFit(renames, basis);
  const columns = merged(declaredColumns(system, basis), renames);
  for (const missing of missingColumns(renamed, columns)) {
    seen.add(keyOf(missing));
    const taken = Object.keys(columns[missing.table] ?? {});
    const candidates = missing.candidates.filter(({ name }) => !taken.includes(name));
    const now = await answer({ ...missing, candidates });
    if (now !== undefined)
      columns[missing.table] = { ...columns[missing.table], [now]: missing.column ?? '' };
  }
  assertDropsFit(drops, seen);
  if (open.length > 0) throw ambiguous(open, unowned);
  return { tables, columns };
}

const keyOf = ({ table, column }: Missing): string => (column === undefined ? table : `${table}.${column}`);

/** The missing tables; those that may have been renamed first, because their side tables follow them. */
const missingTables = (system: SystemFacts, comparisons: readonly Comparison[]): Missing[] => {
  const { lost, gained } = movedTables(system, comparisons);
  const all = lost.map((table): Missing => {
    const candidates = gained.filter((name) => isAlike(comparisons, table, name));
    return {
      table,
      column: undefined,
      candidates: candidates.map((name) => ({ name, differs: undefined })),
    };
  });
  return all.sort((a, b) => Number(a.candidates.length === 0) - Number(b.candidates.length === 0));
};

/** Whether most of the columns of a missing table are in a new one, too. */
const isAlike = (comparisons: readonly Comparison[], lost: string, gained: string): boolean =>
  comparisons.every(({ before, after }) => {
    const [was, is] = [tableOf(before, lost), tableOf(after, gained)];
    const same = was?.columns.filter(({ name, type }) =>
      is?.columns.some((column) => column.name === name && column.type === type),
    );
    return was !== undefined && 2 * (same?.length ?? 0) > was.columns.length;
  });

const missingColumns = (comparisons: readonly Comparison[], renames: Renames): Missing[] => {
  const [first] = comparisons;
  return (first?.before.tables ?? []).flatMap(({ name: table }) => {
    const now = renames[table] ?? {};
    const { lost, gained } = movedColumns(first, table);
    const open = gained.filter((column) => !(column in now));
    return lost
      .filter((column) => !isOwn(column) && !Object.values(now).includes(column))
      .map((column) => ({
        table,
        column,
        candidates: open
          .filter((name) => isSameType(comparisons, table, column, name))
          .map((name) => ({ name, differs: difference(comparisons, table, column, name) })),
      }));
  });
};

const isSameType = (
  comparisons: readonly Comparison[],
  table: string,
  lost: string,
  gained: string,
): boolean =>
  comparisons.every(({ before, after }) => {
    const typeOf = (of: SchemaTable | undefined, column: string): string | undefined =>
      of?.columns.find(({ name }) => name === column)?.type;
    const was = typeOf(tableOf(before, table), lost);
    return was !== undefined && was === typeOf(tableOf(after, table), gained);
  });

/** How the rules of two columns of one type differ, in the first dialect in which they do. */
const difference = (
  comparisons: readonly Comparison[],
  table: string,
  lost: string,
  gained: string,
): string | undefined => {
  for (const comparison of comparisons) {
    const was = rulesOf(comparison, tableOf(comparison.before, table), lost);
    const is = rulesOf(comparison, tableOf(comparison.after, table), gained);
    if (was !== is) return `${is || 'no rule'} instead of ${was || 'no rule'}`;
  }
  return undefined;
};

const rulesOf = ({ dialect }: Comparison, table: SchemaTable | undefined, column: string): string => {
  const own = table?.columns.find(({ name }) => name === column);
  const checks = (table?.constraints ?? []).flatMap(({ definition }) =>
    definition.startsWith('CHECK') && mentions(definition, column, dialect.name) ? [definition] : [],
  );
  return [own?.rest ?? '', ...checks]
    .map((text) => replaceNames(text, dialect.name, (name) => (name === column ? 'value' : undefined)))
    .map((text) => folded(text, dialect.name).replace(/\bCONSTRAINT (?:"[^"]+"|\S+) /, ''))
    .filter(Boolean)
    .join(' ');
};

const merged = (a: Renames, b: Renames): Record<string, Record<string, string>> => {
  const all: Record<string, Record<string, string>> = {};
  for (const renames of [a, b]) {
    for (const [table, columns] of Object.entries(renames)) all[table] = { ...all[table], ...columns };
  }
  return all;
};

const list = (names: Iterable<string>): string => [...names].join(', ') || 'none';

const assertTablesFit = (
  system: SystemFacts,
  comparisons: readonly Comparison[],
  given: TableRenames,
): void => {
  const { lost, gained } = movedTables(system, comparisons);
  for (const [to, from] of Object.entries(given)) {
    if (lost.includes(from) && gained.includes(to)) continue;
    throw new AshlarError('usage', {
      message: `The table ${from} cannot have been renamed to ${to}.`,
      detail: `Missing tables: ${list(lost)}. New tables: ${list(gained)}.`,
      suggestion: 'Write --rename-table old:new with a missing table as old and a new table as new.',
    });
  }
};

const assertColumnsFit = (given: Renames, comparison: Comparison): void => {
  for (const [table, columns] of Object.entries(given)) {
    const { lost, gained } = movedColumns(comparison, table);
    for (const [to, from] of Object.entries(columns)) {
      if (lost.includes(from) && gained.includes(to)) continue;
      throw new AshlarError('usage', {
        message: `${table}.${from} cannot have been renamed to ${to}.`,
        detail: `Missing columns of ${table}: ${list(lost)}. New columns: ${list(gained)}.`,
        suggestion: 'Write --rename table.old:new with a missing column as old and a new column as new.',
      });
    }
  }
};

const assertDropsFit = (drops: readonly string[], missing: ReadonlySet<string>): void => {
  const wrong = drops.find((name) => !missing.has(name));
  if (wrong === undefined) return;
  throw new AshlarError('usage', {
    message: `${wrong} is not missing, so it cannot be dropped.`,
    detail: `Missing tables and columns: ${list(missing)}.`,
    suggestion: 'Remove it from the declaration of its table first, or leave out the option.',
  });
};

const question = ({ table, column, candidates }: Missing): string => {
  const lost = keyOf({ table, column, candidates });
  const what = column === undefined ? `The table ${lost}` : lost;
  if (candidates.length === 0)
    return `${what} is missing: dropping it loses its ${column === undefined ? 'rows' : 'values'}.`;
  const names = candidates.map(({ name, differs }) => (differs ? `${name} (${differs})` : name)).join(', ');
  return `${what} is missing and ${names} ${candidates.length > 1 ? 'are' : 'is'} new, ${column === undefined ? 'with mostly the same columns' : 'of the same type'}.`;
};

const options = ({ table, column, candidates }: Missing): string => {
  const [first] = candidates;
  const lost = column === undefined ? table : `${table}.${column}`;
  const kind = column === undefined ? '-table' : '';
  const rename = first ? [`--rename${kind} ${lost}:${first.name}`] : [];
  return [...rename, `--drop${kind} ${lost}`].join(' or ');
};

const keeping = (open: readonly Missing[], unowned: ReadonlySet<string>): string =>
  open
    .filter(({ table, column }) => column === undefined && unowned.has(objectKey('table', table)))
    .map(({ table }) => ` If a person made ${table}, keep it: --keep "${objectKey('table', table)}".`)
    .join('');

const ambiguous = (open: readonly Missing[], unowned: ReadonlySet<string>): AshlarError =>
  new AshlarError('migration-ambiguous', {
    message:
      open.length === 1
        ? question(open[0] as Missing)
        : `${open.length} tables or columns are missing, and it is not said whether they were renamed or dropped.`,
    detail: [
      ...(open.length === 1 ? [] : open.map(question)),
      'A rename keeps the values; a drop loses them. The declarations do not show which of the two is meant.',
    ].join('\n'),
    suggestion: `Answer each with an option: ${open.map(options).join('; ')}.${keeping(open, unowned)} Or declare a rename in its table: renamed(c.new, 'old'), renamedTable('old').`,
  });

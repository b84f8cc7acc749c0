import type { Renames } from '../contract/dialect.js';
import type { Schema, SchemaColumn, SchemaTable } from '../contract/schema.js';
import type { SystemFacts } from '../contract/system.js';
import { AshlarError } from '../errors.js';

/** A missing column, and the new columns of the same type that it may have been renamed to. */
export interface AmbiguousColumn {
  readonly table: string;
  readonly lost: string;
  readonly candidates: readonly string[];
}

/** Decides whether a missing column was renamed: returns the column's new name, or `undefined` if it was dropped. */
export type Decide = (question: AmbiguousColumn) => Promise<string | undefined>;

/** The schemas before and after a change, in one dialect. */
export interface Comparison {
  readonly before: Schema;
  readonly after: Schema;
}

/** Decides that every missing column was dropped, as the option `--drop` asks. */
export const dropAll: Decide = async () => undefined;

/** Returns the renames that the tables declare and that the migrations do not contain yet. */
export function declaredRenames(system: SystemFacts, { before, after }: Comparison): Renames {
  const found: Record<string, Record<string, string>> = {};
  for (const table of Object.values(system.tables)) {
    const old = tableOf(before, table.name);
    const now = tableOf(after, table.name);
    const pending = Object.entries(table.renames).filter(
      ([to, from]) => has(old, from) && !has(old, to) && has(now, to) && !has(now, from),
    );
    if (pending.length > 0) found[table.name] = Object.fromEntries(pending);
  }
  return found;
}

/**
 * Returns all renames between two schemas: those that tables declare, those given as options, and those that `decide`
 * decides.
 *
 * @param comparisons - the same comparison in each dialect; two types are the same when all dialects agree
 * @param given - `--rename`, as table → { now → before }
 * @throws AshlarError `migration-ambiguous` when a column may have been renamed and `decide` is missing,
 *   `usage` when a given rename is impossible
 */
export async function resolveRenames(
  system: SystemFacts,
  comparisons: readonly Comparison[],
  given: Renames,
  decide: Decide | undefined,
): Promise<Renames> {
  const [first] = comparisons;
  if (!first) return {};
  assertFit(given, first);
  const resolved = merged(declaredRenames(system, first), given);
  for (const question of ambiguities(comparisons, resolved)) {
    const taken = new Set(Object.keys(resolved[question.table] ?? {}));
    const candidates = question.candidates.filter((name) => !taken.has(name));
    if (candidates.length === 0) continue;
    if (!decide) throw ambiguous({ ...question, candidates });
    const answer = await decide({ ...question, candidates });
    if (answer !== undefined)
      resolved[question.table] = { ...resolved[question.table], [answer]: question.lost };
  }
  return resolved;
}

const ambiguities = (comparisons: readonly Comparison[], resolved: Renames): AmbiguousColumn[] => {
  const [first] = comparisons;
  return (first?.before.tables ?? []).flatMap(({ name: table }) => {
    const now = resolved[table] ?? {};
    const { lost, gained } = moved(first, table);
    const openLost = lost.filter((column) => !Object.values(now).includes(column));
    const openGained = gained.filter((column) => !(column in now));
    return openLost.flatMap((column) => {
      const candidates = openGained.filter((other) => sameType(comparisons, table, column, other));
      return candidates.length > 0 ? [{ table, lost: column, candidates }] : [];
    });
  });
};

const moved = (comparison: Comparison | undefined, table: string): { lost: string[]; gained: string[] } => {
  const before = comparison && tableOf(comparison.before, table);
  const after = comparison && tableOf(comparison.after, table);
  if (!before || !after) return { lost: [], gained: [] };
  return {
    lost: before.columns.map((c) => c.name).filter((name) => !has(after, name)),
    gained: after.columns.map((c) => c.name).filter((name) => !has(before, name)),
  };
};

const sameType = (comparisons: readonly Comparison[], table: string, lost: string, gained: string): boolean =>
  comparisons.every(({ before, after }) => {
    const was = columnOf(tableOf(before, table), lost);
    const is = columnOf(tableOf(after, table), gained);
    return was !== undefined && was.type === is?.type;
  });

const tableOf = (schema: Schema, name: string): SchemaTable | undefined =>
  schema.tables.find((table) => table.name === name);

const columnOf = (table: SchemaTable | undefined, name: string): SchemaColumn | undefined =>
  table?.columns.find((column) => column.name === name);

const has = (table: SchemaTable | undefined, column: string): boolean =>
  columnOf(table, column) !== undefined;

const merged = (a: Renames, b: Renames): Record<string, Record<string, string>> => {
  const all: Record<string, Record<string, string>> = {};
  for (const renames of [a, b]) {
    for (const [table, columns] of Object.entries(renames)) all[table] = { ...all[table], ...columns };
  }
  return all;
};

const assertFit = (given: Renames, comparison: Comparison): void => {
  for (const [table, columns] of Object.entries(given)) {
    const { lost, gained } = moved(comparison, table);
    for (const [to, from] of Object.entries(columns)) {
      if (lost.includes(from) && gained.includes(to)) continue;
      throw new AshlarError('usage', {
        message: `${table}.${from} cannot have been renamed to ${to}.`,
        detail: `Missing columns of ${table}: ${lost.join(', ') || 'none'}. New columns: ${gained.join(', ') || 'none'}.`,
        suggestion: 'Write --rename table.old:new with a missing column as old and a new column as new.',
      });
    }
  }
};

const ambiguous = ({ table, lost, candidates }: AmbiguousColumn): AshlarError =>
  new AshlarError('migration-ambiguous', {
    message: `${table}.${lost} is missing and ${candidates.join(', ')} ${candidates.length > 1 ? 'are' : 'is'} new, of the same type.`,
    detail: 'A rename keeps the values; a drop loses them. The tables do not show which of the two is meant.',
    suggestion: `Choose one: --rename ${table}.${lost}:${candidates[0]}, or --drop. Or declare it in the table: renamed(c.${candidates[0]}, '${lost}').`,
  });

import type { Renames, SqlDialect, TableRenames } from '../contract/dialect.js';
import type { GuardedTable } from '../contract/guarantee.js';
import type { Schema, SchemaTable } from '../contract/schema.js';
import type { SystemFacts } from '../contract/system.js';
import { AshlarError } from '../errors.js';

/** The schemas before and after a change, in one dialect. */
export interface Comparison {
  readonly dialect: SqlDialect;
  readonly before: Schema;
  readonly after: Schema;
}

/** The renamed tables, and the renamed columns by the current names of their tables. */
export interface AllRenames {
  readonly tables: TableRenames;
  readonly columns: Renames;
}

/** Returns the renames that the tables declare and that the migrations do not contain yet. */
export function declaredRenames(system: SystemFacts, comparison: Comparison): AllRenames {
  const tables = declaredTables(system, comparison);
  return { tables, columns: declaredColumns(system, afterTableRenames(system, comparison, tables)) };
}

/** Returns the renamed tables that the system declares and that the migrations do not contain yet. */
export function declaredTables(system: SystemFacts, { before, after }: Comparison): TableRenames {
  return Object.fromEntries(
    Object.values(system.tables).flatMap(({ name, renamedFrom }) =>
      renamedFrom !== undefined &&
      tableOf(before, renamedFrom) &&
      !tableOf(before, name) &&
      !tableOf(after, renamedFrom)
        ? [[name, renamedFrom] as const]
        : [],
    ),
  );
}

/** Returns the renamed columns that the tables declare and that the migrations do not contain yet. */
export function declaredColumns(system: SystemFacts, { before, after }: Comparison): Renames {
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

/** Returns a comparison in which the tables before the change already have their new names. */
export function afterTableRenames<C extends Comparison>(
  system: SystemFacts,
  comparison: C,
  renames: TableRenames,
): C {
  const { schema } = comparison.dialect.renameTables(
    comparison.before,
    Object.values(system.tables),
    renames,
  );
  return { ...comparison, before: schema };
}

/** The columns of a table that only the schema before has, and those that only the schema after has. */
export function movedColumns(
  comparison: Comparison | undefined,
  table: string,
): { readonly lost: readonly string[]; readonly gained: readonly string[] } {
  const before = comparison && tableOf(comparison.before, table);
  const after = comparison && tableOf(comparison.after, table);
  if (!before || !after) return { lost: [], gained: [] };
  return {
    lost: before.columns.map((c) => c.name).filter((name) => !has(after, name)),
    gained: after.columns.map((c) => c.name).filter((name) => !has(before, name)),
  };
}

/** The tables that only the schema before has in some dialect, and the declared tables that only the schema after has. */
export function movedTables(
  system: SystemFacts,
  comparisons: readonly Comparison[],
): { readonly lost: readonly string[]; readonly gained: readonly string[] } {
  const names = (schema: Schema): readonly string[] => schema.tables.map(({ name }) => name);
  return {
    lost: [
      ...new Set(
        comparisons.flatMap(({ before, after }) => names(before).filter((name) => !tableOf(after, name))),
      ),
    ],
    gained: Object.values(system.tables)
      .map(({ name }) => name)
      .filter((name) => comparisons.every(({ before }) => !tableOf(before, name))),
  };
}

/** Returns the table of a name in a schema. */
export function tableOf(schema: Schema, name: string): SchemaTable | undefined {
  return schema.tables.find((table) => table.name === name);
}

const has = (table: SchemaTable | undefined, column: string): boolean =>
  table?.columns.some(({ name }) => name === column) ?? false;

/**
 * Throws if a renamed table or column holds values that are bound to its name: a ledger's entries to the name of the log,
 * a ciphertext to the names of its table and column. The declaration has to say the former name.
 *
 * @throws AshlarError `migration-invalid`
 */
export function assertBoundNames(system: SystemFacts, { tables, columns }: AllRenames): void {
  const byName = new Map(Object.values(system.tables).map((table) => [table.name, table]));
  for (const [now, before] of Object.entries(tables)) {
    const { facts } = byName.get(now) ?? {};
    if (facts?.ledger?.log === now) throw unbound(now, before, 'log', `ledgered({ log: '${before}' })`);
    if (facts?.encryption?.boundTable === now)
      throw unbound(now, before, 'ciphertexts', `encrypted({ …, bound: { table: '${before}' } })`);
  }
  for (const [table, renamed] of Object.entries(columns)) {
    for (const [now, before] of Object.entries(renamed)) {
      if (isUnbound(byName.get(table), now)) {
        const declared = `encrypted({ …, bound: { columns: { ${now}: '${before}' } } })`;
        throw unbound(`${table}.${now}`, before, 'ciphertexts', declared);
      }
    }
  }
}

const isUnbound = (table: GuardedTable | undefined, column: string): boolean =>
  table?.facts.encryption?.columns.some(({ name }) => name === column) === true &&
  table.facts.encryption.boundColumn(column) === column;

const unbound = (now: string, before: string, what: string, declared: string): AshlarError =>
  new AshlarError('migration-invalid', {
    message: `${now} was renamed from ${before}, but its declaration does not say the former name of its ${what}.`,
    detail:
      'The existing rows are bound to the former name; under another one they could not be read or verified.',
    suggestion: `Declare ${declared}, then write the step again.`,
  });

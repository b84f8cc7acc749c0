import type { StoredForm } from '../contract/column.js';
import type { Renames } from '../contract/dialect.js';
import type { Owner } from '../contract/owner.js';
import { converted, type StoredValue } from '../model/conversions.js';
import { decimalText, identifier, isOwn } from '../model/index.js';
import { isComputedBy } from './computed-column.js';
import type { Comparison } from './renames.js';
import { conversionOf } from './retypes.js';
import type { TrialTable } from './trial-tables.js';

/** The rows of a table in the form of their kinds: by the names that the columns have before the step. */
export interface KeptRows {
  readonly table: TrialTable;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

// SQLite gives a boolean as a number, and a decimal without its point
const inForm = (form: StoredForm | undefined, value: unknown): unknown => {
  if (form?.kind === 'boolean' && typeof value === 'number') return value !== 0;
  if (form?.digits && typeof value === 'string' && !value.includes('.'))
    return decimalText(BigInt(value), form.digits.scale);
  return value;
};

/** Reads the rows of the columns that stay, before the step or after it. */
export async function readKept(
  { comparison, renames }: { readonly comparison: Comparison; readonly renames: Renames },
  owner: Owner,
  tables: readonly TrialTable[],
  when: 'before' | 'after',
): Promise<readonly KeptRows[]> {
  const { dialect, after } = comparison;
  const all: KeptRows[] = [];
  for (const table of tables) {
    const now = after.tables.find(({ name }) => name === table.before.name);
    const columns = (now?.columns ?? []).flatMap((column) => {
      const former = renames[table.before.name]?.[column.name] ?? column.name;
      const was = table.before.columns.find(({ name }) => name === former);
      const isOurs = isOwn(former);
      const isComputed = [was?.rest ?? '', column.rest].some((rest) => isComputedBy(rest, dialect.name));
      if (!now || !was || isOurs || isComputed) return [];
      const isForeign = table.retypes.get(former)?.foreign !== undefined;
      const form =
        when === 'before' && !isForeign
          ? dialect.storedForm(table.before, was)
          : dialect.storedForm(now, column);
      const name = when === 'before' ? former : column.name;
      // a value of another program is compared by what the step makes of it
      const value =
        when === 'before' && isForeign
          ? dialect.converted([table.before, was], [now, column])
          : identifier(name);
      return [{ former, name, value, form }];
    });
    if (columns.length === 0) continue;
    // the owner reads integers beyond 2^53 as text only
    const list = columns
      .map(({ name, value, form }) => {
        const column = identifier(name);
        if (form?.kind === 'bigint' || form?.kind === 'decimal') return `CAST(${value} AS text) AS ${column}`;
        return value === column ? column : `${value} AS ${column}`;
      })
      .join(', ');
    const rows = await owner.run(`SELECT ${list} FROM ${identifier(table.before.name)}`);
    all.push({
      table,
      rows: rows.map((row) =>
        Object.fromEntries(columns.map(({ former, name, form }) => [former, inForm(form, row[name])])),
      ),
    });
  }
  return all;
}

/**
 * Returns the name of a table whose rows differ; `undefined` if none does.
 *
 * @param isConverted - whether the step has converted the second rows and not the first ones
 */
export function firstDifference(
  isConverted: boolean,
  before: readonly KeptRows[],
  after: readonly KeptRows[],
): string | undefined {
  const textOf = (rows: KeptRows['rows']): string =>
    rows
      .map((row) => JSON.stringify(row))
      .sort()
      .join('\n');
  const expected = ({ table, rows }: KeptRows): KeptRows['rows'] =>
    rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => {
          const retype = isConverted ? table.retypes.get(name) : undefined;
          const conversion = retype?.foreign ? undefined : retype && conversionOf(retype);
          return [name, conversion ? converted(conversion, value as StoredValue | null) : value];
        }),
      ),
    );
  return before.find((kept) => {
    const now = after.find(({ table }) => table === kept.table);
    return textOf(now?.rows ?? []) !== textOf(expected(kept));
  })?.table.before.name;
}

import type { Leaf, LedgerReader, StoredRow } from '../contract/ledger.js';
import { AshlarError } from '../errors.js';
import { day } from './clocks.js';
import { firstBackdated, firstDifference, keyOfEntry } from './compare.js';
import { type Entry, readEntry } from './entry.js';
import { leafHash } from './merkle.js';
import type { OlderRows } from './older-rows.js';
import type { DatedRoot, LedgerProblem } from './problems.js';

/** A leaf, or an entry without a leaf. */
type Candidate = Pick<Leaf, 'rowKey' | 'entry'> & Partial<Leaf>;

interface Read {
  readonly leaf: Candidate;
  readonly bytes: Uint8Array;
  readonly entry: Entry;
  readonly key: readonly unknown[];
}

/** What is known of positions. */
export interface RowContext {
  /** Whether the row and the entry of a position were purged. */
  isRetired?(position: number): boolean;
  /** Whether the row and the entry of a position may have been purged, although nothing records it. */
  mayLack?(position: number): boolean;
  /** The newest signed checkpoint that does not have a position yet. */
  notBefore?(position: number): DatedRoot | undefined;
  /** Where entries may lack a time. Default: anywhere. */
  readonly older?: OlderRows;
}

/**
 * Compares the leaves of a ledger with its entries, and the entries with the rows of the table. An entry without a
 * leaf is compared with its row only. Of a retired position there is neither an entry nor a row.
 */
export async function findRowProblems(
  reader: LedgerReader,
  leaves: readonly Candidate[],
  context: RowContext = {},
): Promise<LedgerProblem[]> {
  const { isRetired = () => false, mayLack = () => false, older } = context;
  const { table, log, dialect } = reader;
  const read: Read[] = [];
  const problems: LedgerProblem[] = [];
  const report = (leaf: Candidate, what: string) =>
    problems.push({ position: leaf.position ?? null, row_key: leaf.rowKey, what });
  for (const leaf of leaves) {
    const retired = leaf.position !== undefined && isRetired(leaf.position);
    if (leaf.entry === undefined) {
      if (!retired && !(leaf.position !== undefined && mayLack(leaf.position)))
        report(leaf, 'the entry is missing');
      continue;
    }
    if (retired) report(leaf, 'the entry is recorded as purged, but it is there');
    const entry = readEntry(leaf.entry);
    const key = entry && keyOfEntry(table, entry, leaf.rowKey);
    if (leaf.hash && !leafHash(leaf.entry).equals(leaf.hash))
      report(leaf, 'the entry does not match the hash of its leaf');
    else if (!entry) report(leaf, 'the entry is not valid JSON of the form ashlar/entry/v1');
    else if (entry.log !== log) report(leaf, `the entry belongs to the log ${entry.log}`);
    else if (!key) report(leaf, 'the entry belongs to another row');
    else {
      if (leaf.position !== undefined && older && !(await older.fits(leaf.position, entry)))
        report(leaf, 'the entry has no time, but its row is not older than the ledger');
      read.push({ leaf, bytes: leaf.entry, entry, key });
    }
  }
  const { stored, unreadable } = await readRows(reader, read);
  for (const { leaf, bytes, entry } of read) {
    const why = unreadable.get(leaf.rowKey);
    if (why !== undefined) {
      report(leaf, why);
      continue;
    }
    const [row, another] = stored.get(leaf.rowKey) ?? [];
    if (!row) {
      report(leaf, 'the row is missing');
      continue;
    }
    if (another) report(leaf, 'the table has more than one row with this key');
    const column = firstDifference(table, { entry, bytes, dialect }, row);
    if (column !== undefined) report(leaf, `the column ${column} was changed after it was written`);
    else {
      const backdated = firstBackdated(table, entry);
      if (backdated !== undefined)
        report(leaf, `the column ${backdated} is not the time of the write, ${entry.at}`);
    }
    if (leaf.position === undefined || entry.at === '') continue;
    const at = Date.parse(entry.at);
    const lacking = context.notBefore?.(leaf.position);
    if (lacking && !(at >= lacking.early - day))
      report(
        leaf,
        `the entry is dated ${entry.at}, but ${lacking.source} of ${lacking.at.toISOString()} does not have it`,
      );
  }
  return problems.sort((a, b) => (a.position ?? 0) - (b.position ?? 0));
}

/** Reads the rows of entries. One whose value cannot be read back must not hide the state of the others. */
const readRows = async (reader: LedgerReader, read: readonly Read[]) => {
  const stored = new Map<string, readonly StoredRow[]>();
  const unreadable = new Map<string, string>();
  const add = async (some: readonly Read[]): Promise<void> => {
    if (some.length === 0) return;
    try {
      for (const [key, rows] of await reader.rows(some.map(({ key }) => key))) stored.set(key, rows);
    } catch (error) {
      if (!(error instanceof AshlarError) || error.code !== 'value-corrupt') throw error;
      const [only, ...others] = some;
      const half = some.length / 2;
      if (only && others.length === 0) unreadable.set(only.leaf.rowKey, lowerFirst(error.message));
      else for (const part of [some.slice(0, half), some.slice(half)]) await add(part);
    }
  };
  await add(read);
  return { stored, unreadable };
};

/** A sentence as the end of another one. */
const lowerFirst = (text: string): string =>
  `${text.slice(0, 1).toLowerCase()}${text.slice(1).replace(/\.$/, '')}`;

import type { Leaf, LedgerReader } from '../contract/ledger.js';
import { firstBackdated, firstDifference, keyOfEntry } from './compare.js';
import { type Entry, readEntry } from './entry.js';
import { leafHash } from './merkle.js';
import type { LedgerProblem } from './problems.js';

/** A leaf, or an entry without a leaf. */
type Candidate = Pick<Leaf, 'rowKey' | 'entry'> & Partial<Leaf>;

interface Read {
  readonly leaf: Candidate;
  readonly entry: Entry;
  readonly key: readonly unknown[];
}

/**
 * Compares the leaves of a ledger with its entries, and the entries with the rows of the table. An entry without a
 * leaf is compared with its row only. Of a retired position there is neither an entry nor a row.
 */
export async function findRowProblems(
  reader: LedgerReader,
  leaves: readonly Candidate[],
  isRetired: (position: number) => boolean = () => false,
): Promise<LedgerProblem[]> {
  const { table, log } = reader;
  const read: Read[] = [];
  const problems: LedgerProblem[] = [];
  const report = (leaf: Candidate, what: string) =>
    problems.push({ position: leaf.position ?? null, row_key: leaf.rowKey, what });
  for (const leaf of leaves) {
    const retired = leaf.position !== undefined && isRetired(leaf.position);
    if (leaf.entry === undefined) {
      if (!retired) report(leaf, 'the entry is missing');
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
    else read.push({ leaf, entry, key });
  }
  const stored = read.length > 0 ? await reader.rows(read.map(({ key }) => key)) : new Map();
  for (const { leaf, entry } of read) {
    const row = stored.get(leaf.rowKey);
    if (!row) {
      report(leaf, 'the row is missing');
      continue;
    }
    const column = firstDifference(table, entry, row);
    if (column !== undefined) report(leaf, `the column ${column} was changed after it was written`);
    else {
      const backdated = firstBackdated(table, entry);
      if (backdated !== undefined)
        report(leaf, `the column ${backdated} is not the time of the write, ${entry.at}`);
    }
  }
  return problems.sort((a, b) => (a.position ?? 0) - (b.position ?? 0));
}

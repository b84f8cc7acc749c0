import type { Hold, LedgerReader, Retirement } from '../contract/ledger.js';
import type { CheckpointTimes } from './checkpoint-times.js';
import { hour } from './clocks.js';
import { isKey, rowKeyOf } from './compare.js';
import type { LedgerProblem } from './problems.js';
import type { Evidence } from './retirement-evidence.js';

/** The legal holds over the rows of a ledger, compared with what was retired. */
export interface HoldsOver {
  /** Compares a retirement with the holds of the whole table. `report` is called with a problem. */
  examine(retirement: Retirement, report: (what: string) => void): void;
  /** Compares the holds of single rows with the retirements of these rows. */
  ofRows(): Promise<readonly LedgerProblem[]>;
  /** What cannot be verified because of a hold that names no row. */
  readonly unverified: readonly string[];
}

/** A hold, with the number of retirements that checkpoints signed up to the time at which it was placed. */
type PlacedHold = Hold & { readonly signedBefore: number };

/** Reads the legal holds over the rows of a ledger. */
export async function holdsOver(
  reader: LedgerReader,
  times: CheckpointTimes,
  evidence: Evidence,
): Promise<HoldsOver> {
  const holds = (await reader.holds()).map((hold) => ({
    ...hold,
    signedBefore: times.countAt(Date.parse(hold.placedAt)),
  }));
  const ofTable = holds.filter((hold) => hold.scope === null && valuesOf(reader, hold) === undefined);
  const unverified: string[] = [];
  /** Whether the hold was open at the time that the retirement states, and doubts about that time. */
  const contradicts = (hold: PlacedHold, retirement: Retirement, first: number, last: number): boolean => {
    const [placed, at] = [Date.parse(hold.placedAt), Date.parse(retirement.retiredAt)];
    if (placed >= at) {
      if (retirement.number > hold.signedBefore)
        evidence.doubt(
          'a legal hold was placed after it, and no checkpoint from before the hold signs the retirement',
          first,
          last,
        );
      return false;
    }
    const released = hold.releasedAt === null ? Infinity : Date.parse(hold.releasedAt);
    // a release has the time of the application, and a hold that waits for the purge that of its own beginning
    const why =
      released > at && released <= at + hour
        ? 'a legal hold was released at about the time of the purge'
        : released > at && placed > at - hour
          ? 'a legal hold was placed at about the time of the purge'
          : undefined;
    if (why) evidence.doubt(why, first, last);
    return released > at && why === undefined;
  };
  return {
    unverified,
    examine: (retirement, report) => {
      const { first, last } = retirement;
      if (ofTable.some((hold) => contradicts(hold, retirement, first, last)))
        report(`the positions ${first} to ${last} were retired under a legal hold of the whole table`);
    },
    ofRows: async () => {
      const problems: LedgerProblem[] = [];
      for (const hold of holds) {
        const values = valuesOf(reader, hold);
        if (!values) continue;
        const leaf = await reader.leafOf(rowKeyOf(values));
        if (!leaf && hold.namesTable && !(await isThere(reader, values)))
          unverified.push(
            `a legal hold names the row ${rowKeyOf(values)}, which is neither in the table nor in the ledger: whether it was retired cannot be verified`,
          );
        if (!leaf || leaf.entry) continue;
        const { position, rowKey } = leaf;
        const [found] = (await reader.retirements(position, 1)) ?? [];
        if (!found || found.first > position || !contradicts(hold, found, position, position)) continue;
        problems.push({ position, row_key: rowKey, what: 'the row was retired under an open legal hold' });
      }
      return problems;
    },
  };
}

const isThere = async (reader: LedgerReader, values: readonly unknown[]): Promise<boolean> =>
  isKey(reader.table, values) && (await reader.rows([values])).size > 0;

/** The key of the one row that a hold covers; `undefined` for a hold of every row. */
const valuesOf = ({ table }: LedgerReader, { rowKey }: Hold): readonly unknown[] | undefined => {
  const names = table.primaryKey.columns;
  if (rowKey === null || !names.every((name) => Object.hasOwn(rowKey, name))) return undefined;
  return names.map((name) => rowKey[name]);
};

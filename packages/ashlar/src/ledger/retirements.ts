import type { LedgerReader, Retirement } from '../contract/ledger.js';
import type { KnownRoot, LedgerProblem } from './problems.js';
import { type Clocks, Evidence } from './retirement-evidence.js';
import { holdsOver } from './retirement-holds.js';
import type { RetirementLines } from './retirement-lines.js';
import { SignedLines } from './signed-retirements.js';

const atOnce = 1_000;

/** What the retirements of a ledger say. */
export interface RetirementReport {
  /** The number of positions whose rows and entries were purged. */
  readonly retired: number;
  /** The position after the last one that was retired; 0 where none was. */
  readonly firstProvable: number;
  /** The recorded lines; `undefined` where the ledger records none. */
  readonly lines: RetirementLines | undefined;
  readonly problems: readonly LedgerProblem[];
  /** One line for each reason for which retirements cannot be verified. */
  readonly unverified: readonly string[];
}

/** With what the retirements of a ledger are compared. */
export interface RetirementContext {
  /** The number of leaves. */
  readonly size: number;
  /** Signed checkpoints that are kept outside the database. */
  readonly checkpoints: readonly KnownRoot[];
  /** The checkpoint from whose lines on the lines are verified; `undefined` for all of them. */
  readonly trusted: KnownRoot | undefined;
  /** The present time of this process. */
  readonly now: Date;
}

/**
 * Verifies the retirements of a ledger: that no held row was retired, that `first_provable` of the head follows from them, that
 * they are those that checkpoints signed, and that a signed checkpoint from before the cutoff has each retired position, which
 * shows that the row was old enough.
 */
export async function verifyRetirements(
  reader: LedgerReader,
  { size, checkpoints, trusted, now }: RetirementContext,
): Promise<RetirementReport> {
  const head = await reader.head();
  const claimed = head?.firstProvable ?? 0;
  const problems: LedgerProblem[] = [];
  const report = (position: number | null, what: string) => {
    problems.push({ position, row_key: null, what });
  };
  let more: readonly Retirement[] | undefined = await reader.retirements(0, atOnce);
  const records = more !== undefined && reader.table.facts.retention !== undefined;
  if (!more && claimed > 0)
    report(null, 'the side table of retirements is missing, so that nothing shows which entries were purged');
  const clocks: Clocks = { own: now, database: records ? new Date(await reader.now()) : now };
  const evidence = new Evidence(reader, checkpoints, clocks);
  const signed = new SignedLines(checkpoints, trusted);
  const holds = await holdsOver(reader, signed, evidence);
  let [retired, firstProvable, count] = [0, 0, 0];
  while (more && more.length > 0) {
    for (const each of more) {
      const { first, last } = each;
      if (first < firstProvable || last < first || last >= size)
        report(first, `the retirement of the positions ${first} to ${last} does not fit the ledger`);
      retired += last - first + 1;
      count++;
      firstProvable = Math.max(firstProvable, last + 1);
      evidence.examine(each, (what) => report(first, what));
      holds.examine(each, (what) => report(first, what));
    }
    more = await reader.retirements(firstProvable, atOnce);
  }
  if (records) problems.push(...(await signed.verify(reader, count)));
  problems.push(...(await holds.ofRows()));
  if (claimed !== firstProvable)
    report(
      null,
      `first_provable of the head is ${claimed}, and must be ${firstProvable}, because ${
        retired === 0 ? 'no retirement is recorded' : `the last retired position is ${firstProvable - 1}`
      }`,
    );
  return {
    retired,
    firstProvable,
    lines: records ? signed.lines : undefined,
    problems,
    unverified: [...evidence.unverified(), ...holds.unverified],
  };
}

/** Returns a function that says whether a position is retired, for the positions from `from` up to but not including `to`. */
export async function retiredWithin(
  reader: LedgerReader,
  from: number,
  to: number,
): Promise<(position: number) => boolean> {
  const runs: Retirement[] = [];
  for (let next = from; next < to; ) {
    const more: readonly Retirement[] = (await reader.retirements(next, atOnce)) ?? [];
    runs.push(...more.filter(({ first }) => first < to));
    const last = more.at(-1)?.last;
    if (last === undefined || more.length < atOnce) break;
    next = last + 1;
  }
  if (runs.length === 0) return () => false;
  const positions = new Set<number>();
  for (const { first, last } of runs)
    for (let at = Math.max(first, from); at <= Math.min(last, to - 1); at++) positions.add(at);
  return (position) => positions.has(position);
}

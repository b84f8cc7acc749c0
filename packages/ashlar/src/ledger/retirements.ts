import type { LedgerReader, Retirement } from '../contract/ledger.js';
import type { CheckpointTimes } from './checkpoint-times.js';
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
  /** When the checkpoints that are kept outside the database were signed. */
  readonly times: CheckpointTimes;
  /** The checkpoint from whose lines on the lines are verified; `undefined` for all of them. */
  readonly trusted: KnownRoot | undefined;
  /** The present time of this process. */
  readonly now: Date;
  /** Whether the step that records retirements is still to come. */
  readonly isPending: boolean;
}

/**
 * Verifies the retirements of a ledger: that no held row was retired, that `first_provable` of the head follows from them, that
 * they are those that checkpoints signed, and that a signed checkpoint from before the cutoff has each retired position, which
 * shows that the row was old enough.
 */
export async function verifyRetirements(
  reader: LedgerReader,
  { size, times, trusted, now, isPending }: RetirementContext,
): Promise<RetirementReport> {
  const head = await reader.head();
  const claimed = head?.firstProvable ?? 0;
  if (isPending) return notYetRecorded(claimed);
  const problems: LedgerProblem[] = [];
  const report = (position: number | null, what: string) => {
    problems.push({ position, row_key: null, what });
  };
  const totals = await reader.retirementTotals();
  const records = totals !== undefined && reader.table.facts.retention !== undefined;
  if (!totals && claimed > 0)
    report(null, 'the side table of retirements is missing, so that nothing shows which entries were purged');
  const { count = 0, retired = 0, end: firstProvable = 0, misfit } = totals ?? {};
  const doesNotFit = ({ first, last }: Pick<Retirement, 'first' | 'last'>) =>
    report(first, `the retirement of the positions ${first} to ${last} does not fit the ledger`);
  const clocks: Clocks = { own: now, database: records ? new Date(await reader.now()) : now };
  const evidence = new Evidence(reader, times, clocks);
  const signed = new SignedLines(times, evidence, trusted);
  const holds = await holdsOver(reader, times, evidence);
  if (misfit) doesNotFit(misfit);
  if (records)
    problems.push(
      ...(await signed.verify(reader, count, (line) => {
        if (line.last < line.first || line.last >= size) doesNotFit(line);
        evidence.examine(line, (what) => report(line.first, what));
        holds.examine(line, (what) => report(line.first, what));
      })),
    );
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

/** What version 1 purged is not known before the step has looked for it. */
const notYetRecorded = (claimed: number): RetirementReport => ({
  retired: 0,
  firstProvable: claimed,
  lines: undefined,
  problems: [],
  unverified: [
    `what was purged before the position ${claimed} cannot be verified: the step that records purges is pending`,
  ],
});

/**
 * Whether a ledger has purges that nothing records yet, because version 1, which recorded none, made its guards, and no checkpoint
 * signs a record.
 *
 * @param isSigned - whether a checkpoint signs a record
 */
export async function isRecordPending(reader: LedgerReader, isSigned: boolean): Promise<boolean> {
  if (!reader.table.facts.retention || isSigned) return false;
  if (((await reader.head())?.firstProvable ?? 0) === 0) return false;
  return reader.purgesUnrecorded();
}

/**
 * Returns a function that says whether a position is retired, for the positions from `from` up to but not including `to`.
 *
 * @param count - how many of the retirements count, in the order of their numbers. Default: all
 */
export async function retiredWithin(
  reader: LedgerReader,
  from: number,
  to: number,
  count = Infinity,
): Promise<(position: number) => boolean> {
  const runs: Retirement[] = [];
  for (let next = from; next < to; ) {
    const more: readonly Retirement[] = (await reader.retirements(next, atOnce)) ?? [];
    runs.push(...more.filter(({ first, number }) => first < to && number <= count));
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

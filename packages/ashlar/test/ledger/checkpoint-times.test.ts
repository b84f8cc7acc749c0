import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LedgerReader, Retirement } from '../../src/contract/ledger.js';
import { CheckpointTimes } from '../../src/ledger/checkpoint-times.js';
import type { KnownRoot } from '../../src/ledger/problems.js';
import { before, Evidence } from '../../src/ledger/retirement-evidence.js';
import { noLines, type RetirementLines, readLines, withLine } from '../../src/ledger/retirement-lines.js';
import { SignedLines } from '../../src/ledger/signed-retirements.js';

const hour = 3_600_000;
const day = 24 * hour;
const start = Date.parse('2026-01-01T00:00:00Z');
const iso = (ms: number): string => new Date(ms).toISOString();
const period = { days: 100 };

const reader = (lines: readonly Retirement[]): LedgerReader =>
  ({
    table: {
      facts: { retention: { period, column: 'at' } },
      columns: { at: { generated: 'now', touched: false } },
    },
    retirementLines: async (after: number, limit: number) =>
      lines.filter(({ number }) => number > after).slice(0, limit),
    rowKeys: async (runs: readonly unknown[]) => runs.map(() => ['k']),
  }) as unknown as LedgerReader;

/**
 * A ledger with an entry and, once rows are old enough, a purge each day.
 *
 * @param signings - the days on which a checkpoint was signed, and by how much the clock of the signer was ahead
 */
const ledgerOf = async (days: number, signings: readonly { on: number; ahead: number }[]) => {
  const entries = Array.from({ length: days }, (_, each) => start + each * day);
  const lines = entries.slice(101).map((at, index): Retirement => {
    const cutoff = before(period, new Date(at)).toISOString();
    return { number: index + 1, first: index, last: index, cutoff, retiredAt: iso(at + hour) };
  });
  const digests: RetirementLines[] = [noLines];
  for await (const { text } of readLines(reader(lines), 0))
    digests.push(withLine(digests.at(-1) ?? noLines, text));
  const checkpoints = signings.map(({ on, ahead }): KnownRoot & { at: Date; signed: number } => {
    const signed = start + on * day + 2 * hour;
    const count = lines.filter(({ retiredAt }) => Date.parse(retiredAt) <= signed).length;
    const at = new Date(signed + ahead);
    return {
      size: on + 1,
      root: Buffer.alloc(32),
      source: `the checkpoint of day ${on}`,
      at,
      signed,
      retirements: { ...(digests[count] ?? noLines), at },
    };
  });
  return { entries, lines, checkpoints };
};

/** What the times of checkpoints say against entries and lines, and about which retirements there is a doubt. */
const verified = async (
  { entries, lines, checkpoints }: Awaited<ReturnType<typeof ledgerOf>>,
  now: number,
) => {
  const times = new CheckpointTimes(checkpoints, new Date(now));
  const problems = entries.flatMap((at, position) => {
    const lacking = times.upTo(position);
    return lacking && at < lacking.early - day ? [`entry ${position}`] : [];
  });
  const evidence = new Evidence(reader(lines), times, { own: new Date(now), database: new Date(now) });
  const signed = new SignedLines(times, evidence, undefined);
  const found = await signed.verify(reader(lines), lines.length, (line) =>
    evidence.examine(line, (what) => problems.push(what)),
  );
  return {
    times,
    problems: [...problems, ...found.map(({ what }) => what)],
    doubts: evidence.unverified(),
  };
};

describe('the times of checkpoints, over days and weeks', () => {
  it('a clock that was ahead, and that the present time or a later checkpoint contradicts, accuses nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.nat({ max: 170 }), { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 2 * hour, max: 900 * day }),
        fc.nat(),
        fc.integer({ min: 1, max: 4 }),
        async (on, ahead, which, many) => {
          const days = on.sort((a, b) => a - b);
          const first = which % days.length;
          const ledger = await ledgerOf(
            180,
            days.map((each, at) => ({ on: each, ahead: at >= first && at < first + many ? ahead : 0 })),
          );
          const now = start + 180 * day;
          const next = ledger.checkpoints[first + many]?.signed ?? Infinity;
          // nothing else tells a clock that was ahead from entries that are dated back
          for (const wrong of ledger.checkpoints.slice(first, first + many))
            fc.pre(wrong.at.getTime() > Math.min(now, next) + hour);
          const { problems } = await verified(ledger, now);
          expect(problems).toEqual([]);
        },
      ),
      { numRuns: 200 },
    );
  });

  it.each([30, 3_650])(
    'one that was ahead by %d days takes no evidence from those before and after it',
    async (ahead) => {
      const signings = Array.from({ length: 24 }, (_, week) => ({ on: week * 7, ahead: 0 }));
      const now = start + 180 * day;
      const right = await verified(await ledgerOf(180, signings), now);
      const wrong = await verified(
        await ledgerOf(180, signings.with(3, { on: 21, ahead: ahead * day })),
        now,
      );
      expect(right).toMatchObject({ problems: [] });
      expect(wrong.problems).toEqual([]);
      expect(wrong.times.unverified).toEqual([
        expect.stringMatching(/^the checkpoint of day 21 is dated .* its time shows nothing$/),
      ]);
      for (const on of [0, 14, 28, 84, 161]) {
        const at = start + on * day + 3 * hour;
        expect(wrong.times.sizeAt(at)).toBe(right.times.sizeAt(at));
        expect(wrong.times.countAt(at)).toBe(right.times.countAt(at));
      }
    },
  );

  it('a line that is dated after a checkpoint that has it is a problem, although an earlier clock was ahead', async () => {
    const ledger = await ledgerOf(180, [
      { on: 50, ahead: 3_650 * day },
      { on: 150, ahead: 0 },
    ]);
    const lines = ledger.lines.with(0, {
      ...(ledger.lines[0] as Retirement),
      retiredAt: iso(start + 170 * day),
    });
    const { problems } = await verified({ ...ledger, lines }, start + 180 * day);
    expect(problems).toContainEqual(expect.stringMatching(/but the checkpoint of day 150 of .* has it$/));
  });

  it('an entry or a line that is dated back before the checkpoints around it is still a problem', async () => {
    const ledger = await ledgerOf(180, [
      { on: 100, ahead: 0 },
      { on: 120, ahead: 300 * day },
      { on: 140, ahead: 0 },
    ]);
    const entries = ledger.entries.with(130, start + 90 * day).with(150, start + 135 * day);
    const lines = ledger.lines.with(60, {
      ...(ledger.lines[60] as Retirement),
      retiredAt: iso(start + 110 * day),
    });
    const { problems } = await verified({ ...ledger, entries, lines }, start + 180 * day);
    expect(problems).toEqual(
      expect.arrayContaining([
        'entry 130',
        'entry 150',
        expect.stringMatching(/but the checkpoint of day 140 of .* does not have it$/),
      ]),
    );
  });

  it('of two checkpoints of the same head the one that corrects the other counts', async () => {
    const ledger = await ledgerOf(180, [
      { on: 100, ahead: 40 * day },
      { on: 100, ahead: day },
    ]);
    expect((await verified(ledger, start + 180 * day)).problems).toEqual([]);
  });
});

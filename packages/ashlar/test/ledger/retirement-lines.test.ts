import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LedgerReader, Retirement } from '../../src/contract/ledger.js';
import { readLines } from '../../src/ledger/retirement-lines.js';

const keyOf = (position: number): string => `"key" ${position}\\é${position % 7 === 0 ? '\u2028' : ''}`;

/** A reader of lines, which counts what is asked of it. */
const readerOf = (lines: readonly Retirement[], size: number) => {
  const asked = { queries: 0, most: 0 };
  const reader = {
    retirementLines: async (after: number, limit: number) =>
      lines.filter(({ number }) => number > after).slice(0, limit),
    rowKeys: async (runs: readonly Pick<Retirement, 'first' | 'last'>[]) => {
      const keys = runs.map(({ first, last }) =>
        Array.from({ length: Math.max(0, Math.min(last, size - 1) - first + 1) }, (_, at) =>
          keyOf(first + at),
        ),
      );
      asked.queries++;
      asked.most = Math.max(asked.most, keys.flat().length);
      return keys;
    },
  } as unknown as LedgerReader;
  return { reader, asked };
};

const linesOf = (lengths: readonly number[]): { lines: Retirement[]; size: number } => {
  let next = 0;
  const lines = lengths.map((length, at) => {
    const first = next;
    next += length + (at % 2);
    return {
      number: at + 1,
      first,
      last: first + length - 1,
      cutoff: at === 0 ? null : '2020-01-01T00:00:00.000000Z',
      retiredAt: '2026-01-01T00:00:00.000Z',
    };
  });
  return { lines, size: next };
};

describe('the text of retirements', () => {
  it('has the hash of the JSON of all keys, however many there are, and few keys are held at a time', async () => {
    const lengths = fc.array(
      fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 9_990, max: 30_001 })),
      {
        maxLength: 8,
      },
    );
    await fc.assert(
      fc.asyncProperty(lengths, async (some) => {
        const { lines, size } = linesOf(some);
        const { reader, asked } = readerOf(lines, size);
        const texts: string[] = [];
        for await (const { text } of readLines(reader, 0)) texts.push(text);
        expect(texts).toEqual(
          lines.map(({ number, first, last, cutoff, retiredAt }) => {
            const keys = Array.from({ length: last - first + 1 }, (_, at) => keyOf(first + at));
            const hash = createHash('sha256').update(JSON.stringify(keys)).digest('base64');
            return JSON.stringify([number, first, last, cutoff, retiredAt, hash]);
          }),
        );
        expect(asked.most).toBeLessThanOrEqual(10_000);
      }),
      { numRuns: 20 },
    );
  });

  it('of many short lines needs few queries', async () => {
    const { lines, size } = linesOf(Array.from({ length: 5_000 }, () => 1));
    const { reader, asked } = readerOf(lines, size);
    let count = 0;
    for await (const _ of readLines(reader, 0)) count++;
    expect(count).toBe(5_000);
    expect(asked.queries).toBeLessThanOrEqual(5);
  });

  it('of a forged line that is longer than the ledger comes to an end', async () => {
    const { lines } = linesOf([10]);
    const { reader, asked } = readerOf(
      lines.map((line) => ({ ...line, last: Number.MAX_SAFE_INTEGER })),
      10,
    );
    for await (const _ of readLines(reader, 0)) expect(asked.queries).toBe(2);
  });
});

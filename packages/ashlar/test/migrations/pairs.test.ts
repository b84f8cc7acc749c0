import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pairOfModels } from './random-models.js';
import { type Outcome, tryPair } from './try-pair.js';

// scripts/try-pairs.mjs runs more of them
const runs = Number(process.env.ASHLAR_PAIRS ?? 12);
const seed = process.env.ASHLAR_SEED === undefined ? {} : { seed: Number(process.env.ASHLAR_SEED) };

test('the step between two random models runs up and down on SQLite and PGlite, or is refused by name', async () => {
  const outcomes = new Map<Outcome, number>();
  await fc.assert(
    fc.asyncProperty(pairOfModels, async (pair) => {
      const outcome = await tryPair(pair);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }),
    { numRuns: runs, ...seed },
  );
  if (runs > 12) process.stdout.write(`${JSON.stringify(Object.fromEntries(outcomes))}\n`);
  expect(outcomes.get('ran')).toBeGreaterThan(0);
}, 10_000_000);

test('a table of which a row needs one of a table that gets none is tried without rows', async () => {
  const column = { name: 'd', nullable: false, byDefault: false, indexed: 'no', from: undefined } as const;
  const members = { name: 'members', key: 'uuid', parent: 'no', loop: false, checked: true } as const;
  const notes = { name: 'notes', key: 'id', loop: false, checked: false, columns: [] } as const;
  const outcome = await tryPair([
    // a number of the second type is hardly ever one of the first
    [
      { ...members, columns: [{ ...column, type: 'small', byDefault: true }] },
      { ...notes, parent: 'optional' },
    ],
    [
      { ...members, columns: [{ ...column, type: 'integer' }] },
      { ...notes, parent: 'required' },
    ],
  ]);
  expect(outcome).toBe('ran');
}, 300_000);

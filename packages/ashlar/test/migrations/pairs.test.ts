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

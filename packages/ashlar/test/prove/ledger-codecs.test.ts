import { id, table } from 'ashlar';
import { appendOnly, ledgered } from 'ashlar/guarantees';
import { afterAll, beforeAll, test } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { runWalk, type Walk, writeWalk } from '../migrations/walk.js';

const letters = table(
  'letters',
  {
    id: id(),
    at: z.date(),
    maybe: z.date().nullable(),
    numbered: z.codec(z.int(), z.string(), {
      decode: (n) => `n${n}`,
      encode: (text) => Number(text.slice(1)),
    }),
    day: z.codec(z.iso.date(), z.date(), {
      decode: (text) => new Date(text),
      encode: (date) => date.toISOString().slice(0, 10),
    }),
  },
  () => [ledgered(), appendOnly()],
);

let walk: Walk;
beforeAll(async () => {
  walk = await writeWalk({ letters });
});
afterAll(() => walk.remove());

// a ledger is read by the engine of the application, too, which decodes columns
test.each(engines)('rows whose columns have codecs match their entries on $name', async (engine) => {
  await runWalk(engine, walk, async (db, _, way) => {
    if (way === 'down') return;
    const row = { at: new Date(), numbered: 'n-5', day: new Date() };
    await db.insert(letters as never, { ...row, maybe: null } as never, { actor: 'me' });
    await db.insert(letters as never, { ...row, maybe: new Date() } as never, { actor: 'me' });
  });
});

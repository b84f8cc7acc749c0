import { autoincrement, type Database, table } from 'ashlar';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { withRoles } from '../../../../../test/support/engines.js';
import { withTables } from '../../../../../test/support/tables.js';
import { PgliteChannel } from '../../../src/engines/postgres/pglite/channel.js';
import { PgChannel } from '../../../src/engines/postgres/server/pg-channel.js';
import type { Request } from '../../../src/engines/postgres/wire/channel.js';

const things = table('things', { id: autoincrement(), what: z.string() });
const tables = { things };

/** A statement that fails, in place of a part of the packet that opens a transaction. */
const failing: Request = { text: 'SELECT 1/0' };

describe.each(withRoles)('a session on $name whose opening fails', ({ name, place }) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables({ name, place }, tables));
  });
  afterAll(() => remove());
  afterEach(() => vi.restoreAllMocks());

  const channel = (name === 'pglite' ? PgliteChannel : PgChannel).prototype;
  const count = async (): Promise<number> => {
    const [row] = await db.engine.asOwner(({ run }) => run('SELECT count(*)::int AS n FROM things'));
    return Number(row?.n);
  };

  /** Replaces one part of the next packet that opens a transaction; `before` fails before anything is sent. */
  const failAt = (part: number | 'before'): { readonly parts: () => number } => {
    const together = channel.together;
    let parts = 0;
    vi.spyOn(channel, 'together').mockImplementation(function (this: typeof channel, requests) {
      const isOpening = requests[0]?.text.startsWith('BEGIN') && parts === 0;
      if (!isOpening) return together.call(this, requests);
      parts = requests.length;
      if (part === 'before') return Promise.reject(new Error('nothing was sent'));
      return together.call(this, requests.with(Math.min(part, parts - 1), failing));
    });
    return { parts: () => parts };
  };

  const sessions = {
    'with a second statement in the same turn': () =>
      db.session((s) =>
        Promise.allSettled([s.insert(things, { what: 'a' }), s.insert(things, { what: 'b' })]),
      ),
    'with a statement after a nested session': () =>
      db.session(async (s) => {
        await s.session((inner) => inner.insert(things, { what: 'c' })).catch(() => undefined);
        await s.insert(things, { what: 'd' });
      }),
    'with a statement during a stream': () =>
      db.session(async (s) => {
        const read = async (): Promise<void> => {
          for await (const row of s.query.selectFrom('things').selectAll().stream()) void row;
        };
        await Promise.allSettled([read(), s.insert(things, { what: 'e' })]);
      }),
    'with a statement beside a lock': () =>
      db.session((s) => Promise.allSettled([s.lock('one'), s.insert(things, { what: 'f' })])),
  };

  test.each(Object.entries(sessions))('%s commits nothing, whichever part fails', async (which, run) => {
    for (let part: number | 'before' = 'before', last = 1; part === 'before' || part < last; ) {
      const failure = failAt(part);
      const [outcome] = await Promise.allSettled([run()]);
      last = failure.parts();
      expect(last).toBeGreaterThan(1);
      vi.restoreAllMocks();
      // a nested session whose own statement failed was undone, and the outer one goes on
      const kept = which.includes('nested') && outcome.status === 'fulfilled' ? 1 : 0;
      if (kept === 0) expect(outcome.status, `part ${part}`).toBe('rejected');
      else expect(part).toBe(last - 1);
      expect(await count(), `part ${part}`).toBe(kept);
      await db.engine.asOwner(({ run: sql }) => sql('DELETE FROM things'));
      part = part === 'before' ? 0 : part + 1;
    }
  });
});

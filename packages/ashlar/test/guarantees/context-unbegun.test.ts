import { autoincrement, table } from 'ashlar';
import { scoped } from 'ashlar/guarantees';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Keyed, openKeyed } from './keyed-setup.js';

const notes = table('notes', { id: autoincrement(), client: z.string() }, (c) => [scoped(c.client)]);
const settings = table('settings', { id: autoincrement(), name: z.string() });
const tables = { notes, settings };

describe('a session that cannot begin', () => {
  let keyed: Keyed<typeof tables>;
  beforeAll(async () => {
    keyed = await openKeyed(tables);
  });
  afterAll(() => keyed.close());

  const count = async (): Promise<number> => {
    const [row] = await keyed.owner.asOwner(({ run }) => run('SELECT count(*)::int AS n FROM settings'));
    return Number(row?.n);
  };

  test('runs none of the statements that wait', async () => {
    const { db, owner } = keyed;
    await db.session({ actor: 'user:ann', scope: 'ann' }, (s) => s.insert(settings, { name: 'before' }));
    await owner.asOwner(({ run }) => run('DELETE FROM ashlar_context_keys'));
    const together = db.session({ actor: 'user:ann', scope: 'ann' }, (s) =>
      Promise.allSettled([s.insert(settings, { name: 'a' }), s.insert(settings, { name: 'b' })]),
    );
    await expect(together).rejects.toThrow();
    const why = { code: 'session-aborted', cause: { code: expect.stringMatching(/^(scope-key|context)-/) } };
    const second = db.session({ actor: 'user:ann', scope: 'ann' }, async (s) => {
      await s.insert(settings, { name: 'a' }).catch(() => undefined);
      await expect(s.insert(settings, { name: 'b' })).rejects.toMatchObject(why);
    });
    await expect(second).rejects.toMatchObject(why);
    const afterNested = db.session({ actor: 'user:ann', scope: 'ann' }, async (s) => {
      await s.session((inner) => inner.insert(settings, { name: 'c' })).catch(() => undefined);
      await s.insert(settings, { name: 'd' });
    });
    await expect(afterNested).rejects.toMatchObject(why);
    expect(await count()).toBe(1);
  });
});

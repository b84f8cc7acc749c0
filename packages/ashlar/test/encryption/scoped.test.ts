import { ciphertext, type Database, id, reencrypt, rotateDataKey, shred, table } from 'ashlar';
import { encrypted, scoped } from 'ashlar/guarantees';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { columnKeys, dataKeys } from './support.js';

const letters = table(
  'letters',
  { id: id(), client: z.string().min(1), body: ciphertext(z.string()) },
  (c) => [scoped(c.client), encrypted({ scope: c.client, keys: dataKeys })],
);
const tables = { letters, dataKeys };

describe.each(engines)('a table that is scoped and encrypted on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables, { columnKeys: columnKeys() }));
  });
  afterAll(() => remove());

  it('is written, read, rotated and shredded by sessions of each client', async () => {
    const write = (client: string) =>
      db.session({ scope: client }, (s) => s.insert(letters, { client, body: `of ${client}` }));
    const [ann, bob] = [await write('ann'), await write('bob')];
    expect(await db.get(letters, ann.id, { scope: 'ann' })).toEqual(ann);
    const updated = await db.session({ scope: 'ann' }, (s) => s.update(letters, ann.id, { body: 'changed' }));
    expect(updated).toEqual({ ...ann, body: 'changed' });

    await rotateDataKey(db, 'ann');
    expect(await reencrypt(db, 'ann')).toBe(1);
    expect(await db.get(letters, ann.id, { scope: 'ann' })).toEqual(updated);

    await shred(db, 'ann');
    await expect(db.get(letters, ann.id, { scope: 'ann' })).rejects.toMatchObject({ code: 'scope-shredded' });
    expect(await db.get(letters, bob.id, { scope: 'bob' })).toEqual(bob);
  });
});

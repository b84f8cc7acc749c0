import { ciphertext, type Database, id, table } from 'ashlar';
import { encrypted, keyring, scoped } from 'ashlar/guarantees';
import { keyringStatus, reencrypt, rotateDataKey, rotateMaster, shred } from 'ashlar/keys';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { columnKeys } from './support.js';

// the keys are scoped too: a session reads those of its own scope only, and shredding and rotation reach all
const dataKeys = keyring('data_keys', (c) => [scoped(c.scope)]);

const letters = table(
  'letters',
  { id: id(), client: z.string().min(1), body: ciphertext(z.string()) },
  (c) => [scoped(c.client), encrypted({ scope: c.client, keys: dataKeys })],
);
const tables = { letters, dataKeys };

describe.each(engines)('a table that is scoped and encrypted, under scoped keys, on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables, { columnKeys: columnKeys() }));
  });
  afterAll(() => remove());

  it('is written, read, rotated and shredded by the sessions of each client', async () => {
    const write = (client: string) =>
      db.session({ scope: client }, (s) => s.insert(letters, { client, body: `of ${client}` }));
    const [ann, bob] = [await write('ann'), await write('bob')];
    expect(await db.get(letters, ann.id, { scope: 'ann' })).toEqual(ann);
    const updated = await db.session({ scope: 'ann' }, (s) => s.update(letters, ann.id, { body: 'changed' }));
    expect(updated).toEqual({ ...ann, body: 'changed' });

    await rotateDataKey(db, 'ann');
    expect(await reencrypt(db, 'ann')).toBe(1);
    expect(await db.get(letters, ann.id, { scope: 'ann' })).toEqual(updated);

    expect(await rotateMaster(db)).toBe(0);
    expect(await shred(db, 'ann')).toMatchObject({ keys: 2 });
    expect(await keyringStatus(db)).toMatchObject([{ scopes: 2, shredded: 1, wrappedBy: { 1: 1 } }]);
    await expect(db.get(letters, ann.id, { scope: 'ann' })).rejects.toMatchObject({ code: 'scope-shredded' });
    expect(await db.get(letters, bob.id, { scope: 'bob' })).toEqual(bob);
  });
});

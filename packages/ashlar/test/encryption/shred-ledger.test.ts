import { ciphertext, createdAt, id, table } from 'ashlar';
import { appendOnly, encrypted, ledgered } from 'ashlar/guarantees';
import { shred } from 'ashlar/keys';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { verifyTable } from '../../src/ledger/database/ledgers.js';
import { columnKeys, dataKeys } from './support.js';

const letters = table(
  'letters',
  { id: id(), client_id: z.string().min(1), text: ciphertext(z.string()), created_at: createdAt() },
  (c) => [appendOnly(), ledgered(), encrypted({ scope: c.client_id, keys: dataKeys })],
);

describe.each(engines)('a ledger of which a scope was shredded, on $name', (engine) => {
  it('still verifies, and accepts new rows', async () => {
    const { db, remove } = await withTables(engine, { letters, dataKeys }, { columnKeys: columnKeys() });
    try {
      const write = (client_id: string, text: string) =>
        db.session((s) => s.insert(letters, { client_id, text }));
      const ann = await write('ann', 'to be forgotten');
      const bob = await write('bob', 'to be kept');
      expect(await verifyTable(db.engine, letters)).toMatchObject({ size: 2, problems: [] });

      await shred(db, 'ann');
      await write('bob', 'and more');
      expect(await verifyTable(db.engine, letters)).toMatchObject({ size: 3, problems: [] });
      await expect(db.get(letters, ann.id)).rejects.toMatchObject({ code: 'scope-shredded' });
      expect(await db.get(letters, bob.id)).toEqual(bob);
    } finally {
      await remove();
    }
  });
});

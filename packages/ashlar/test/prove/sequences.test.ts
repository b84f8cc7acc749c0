import { autoincrement, connect, system, table } from 'ashlar';
import { audited, auditTrail, lifecycle } from 'ashlar/guarantees';
import { newStep, up } from 'ashlar/migrations';
import { failuresOf, prove } from 'ashlar/prove';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engines, sqlOf } from '../../../../test/support/engines.js';
import { postgresSequences } from '../../src/engines/postgres/schema/sequences.js';
import { noRights } from '../../src/model/index.js';
import { type Folder, makeFolder } from '../migrations/folder.js';

const changes = auditTrail('changes');
const orders = table('orders', { id: autoincrement(), state: z.enum(['open', 'paid']) }, (c) => [
  lifecycle(c.state, { open: ['paid'], paid: [] }, { initial: 'open' }),
  audited({ into: changes }),
]);

describe.each(engines)('numbers that prove uses up on $name', (engine) => {
  let folder: Folder;
  beforeAll(async () => {
    folder = await makeFolder();
  });
  afterAll(() => folder.remove());

  test('are given back: the first row has the number 1, and so has its line in the trail', async () => {
    const shop = system('shop', { tables: { changes, orders }, migrations: folder.url });
    await newStep(shop, folder.url, 'initial');
    const place = await engine.place();
    const db = await connect(shop, { url: place.url, key: place.key, migrations: 'ignore' });
    await up(db.engine, shop);
    const report = async () => failuresOf(await prove(db.engine, shop));
    expect(await report()).toEqual([]);
    await db.insert(orders, { state: 'open' });
    expect(await report()).toEqual([]);
    const numbers = () =>
      db.read({}, (s) => s.query.selectFrom('changes').select('id').orderBy('id').execute());
    expect(await numbers()).toEqual([{ id: 1 }]);
    await db.insert(orders, { state: 'open' });
    // rows of `orders` may be deleted: a number may have been given to one that is gone
    expect(await numbers()).toEqual([{ id: 1 }, { id: 2 }]);
    await db.close();
    await place.remove();
  });
});

describe.each(engines.filter((engine) => sqlOf(engine) === 'postgres'))('a sequence on $name', (engine) => {
  test('is set back only where nobody else used it meanwhile', async () => {
    const place = await engine.place();
    const db = await connect(system('none', { tables: {}, migrations: folderless }), {
      url: place.url,
      migrations: 'ignore',
      allowOwner: true,
    });
    await db.engine.asOwner(async (owner) => {
      await owner.script(
        'CREATE TABLE kept (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY); CREATE TABLE lost (LIKE kept INCLUDING ALL)',
      );
      const next = async (name: string) =>
        Number((await owner.run(`INSERT INTO ${name} DEFAULT VALUES RETURNING id`))[0]?.id);
      const undone = (name: string) =>
        owner
          .atomically(async () => {
            await next(name);
            throw new Error('rolled back');
          })
          .catch(() => undefined);
      const rights = new Map([
        ['kept', noRights],
        ['lost', { ...noRights, delete: 'all' as const }],
      ]);
      const during = async (work: () => Promise<unknown>) => {
        const putBack = await postgresSequences.remember(owner, rights);
        await work();
        await putBack(owner);
      };
      for (const name of ['kept', 'lost']) {
        await during(() => undone(name));
        expect(await next(name)).toBe(1);
      }
      await during(() => Promise.all([undone('kept')]));
      expect(await next('kept')).toBe(2);
      // another session: its row has the number 4
      await during(async () => {
        await undone('kept');
        await next('kept');
      });
      expect(await next('kept')).toBe(5);
      await during(() => undone('lost'));
      expect(await next('lost')).toBe(3);
    });
    await db.close();
    await place.remove();
  });
});

const folderless = new URL('file:///nowhere/');

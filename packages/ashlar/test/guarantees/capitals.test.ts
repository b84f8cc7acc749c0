import { createdAt, Database, id, index, references, system, table } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { appendOnly, audited, auditTrail, ledgered, lifecycle, retained, scoped } from 'ashlar/guarantees';
import { newStep, up } from 'ashlar/migrations';
import { failuresOf, prove } from 'ashlar/prove';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engines, type Place, sqlOf } from '../../../../test/support/engines.js';
import { type Folder, makeFolder } from '../migrations/folder.js';

const org = z.uuid();
const changes = auditTrail('ChangeLog', (c) => [scoped(c.scope)]);
const events = table('OrderEvents', { id: id(), org, note: z.string(), at: createdAt() }, (c) => [
  appendOnly(),
  ledgered(),
  scoped(c.org),
  retained(c.at, { for: { years: 10 }, reason: 'law' }),
]);
const orders = table(
  'Order',
  { id: id(), org, status: z.enum(['open', 'paid']), note: z.string().max(50) },
  (c) => [
    scoped(c.org),
    audited({ into: changes }),
    lifecycle(c.status, { open: ['paid'], paid: [] }, { initial: 'open' }),
    index(c.note),
  ],
);
const links = table('_OrderToUser', { id: id(), order_id: z.uuid() }, (c) => [
  references(c.order_id, orders.columns.id),
]);

describe.each(engines)('tables with capitals on $name', (kind) => {
  let folder: Folder;
  let place: Place;
  beforeEach(async () => {
    folder = await makeFolder();
    place = await kind.place();
  });
  afterEach(async () => {
    await place.remove();
    await folder.remove();
  });

  test('have every guarantee that others have', async () => {
    const shop = system('shop', { tables: { changes, events, orders, links }, migrations: folder.url });
    await newStep(shop, folder.url, 'initial', { engines: [sqlOf(kind)] });
    const engine = await openEngine({ url: place.url, key: place.key });
    await up(engine, shop);
    expect(failuresOf(await prove(engine, shop))).toEqual([]);
    expect(await newStep(shop, folder.url, 'nothing')).toBeUndefined();
    const db = new Database(engine, shop, { maintain: false });
    const [mine, other] = [crypto.randomUUID(), crypto.randomUUID()];
    const order = (owner: string) => ({ org: owner, status: 'open' as const, note: owner });
    try {
      for (const scope of [mine, other])
        await db.session({ actor: 'ann', scope }, (s) => s.insert(orders, order(scope)));
      const seen = await db.session({ actor: 'ann', scope: mine }, (s) =>
        s.query.selectFrom('Order').select('note').execute(),
      );
      expect(seen).toEqual([{ note: mine }]);
    } finally {
      await db.close();
    }
  });
});

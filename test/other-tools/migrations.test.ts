import { failuresOf, prove } from 'ashlar/prove';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkGuard } from '../../packages/ashlar/src/guard/check.js';
import { server } from '../support/engines.js';
import { drizzlePush } from './migrate.js';
import { openShop, type Shop } from './shop.js';

const objects = `
  SELECT 'trigger' AS kind, tgrelid::regclass::text AS "on", tgname::text AS name, tgenabled::text AS state FROM pg_trigger
    WHERE NOT tgisinternal AND tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace IN ('public'::regnamespace, 'ashlar'::regnamespace))
  UNION ALL
  SELECT 'policy', polrelid::regclass::text, polname::text, pg_get_expr(polqual, polrelid) FROM pg_policy
  UNION ALL
  SELECT 'table', relname::text, relname::text, format('%s %s', relrowsecurity, relforcerowsecurity) FROM pg_class
    WHERE relkind = 'r' AND relnamespace IN ('public'::regnamespace, 'ashlar'::regnamespace)
  UNION ALL
  SELECT 'function', '', proname::text, md5(prosrc) FROM pg_proc WHERE pronamespace IN ('public'::regnamespace, 'ashlar'::regnamespace)
  ORDER BY 1, 2, 3
`;

/** Finds what `guard check` finds, and shows that `guard up` restores it. */
const restored = async (shop: Shop, names: string): Promise<void> => {
  const found = await checkGuard(shop.engine, shop.guard, shop.roles);
  expect(found.map((each) => each.found).join('\n')).toContain(names);
  expect((await shop.guardUp()).join('\n')).toContain(names);
  expect(await checkGuard(shop.engine, shop.guard, shop.roles)).toEqual([]);
};

describe.each(server)('drizzle-kit push on a guarded database', () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await openShop(async (url) => {
      // in a new database the policy lets no row through until the guard has written its condition
      await drizzlePush(url, 'policy');
    });
    await shop.read(`INSERT INTO public.events (what) VALUES ('kept')`);
  });
  afterAll(() => shop?.close());

  test('sees no drift where its schema declares the policy, and changes nothing', async () => {
    const before = await shop.read(objects);
    expect(await drizzlePush(shop.urls.owner, 'policy')).toContain('No changes detected');
    expect(await shop.read(objects)).toEqual(before);
    expect(await checkGuard(shop.engine, shop.guard, shop.roles)).toEqual([]);
  });

  test('adds a column, and the guard holds', async () => {
    await drizzlePush(shop.urls.owner, 'policy', 'column');
    expect(await checkGuard(shop.engine, shop.guard, shop.roles)).toEqual([]);
    await shop.read(`INSERT INTO public.orders (id, org_id, colour) VALUES (gen_random_uuid(), 1, 'red')`);
    expect(await shop.read(`SELECT after ->> 'colour' AS colour FROM ashlar.changes`)).toEqual([
      { colour: 'red' },
    ]);
  });

  test('drops the policy where its schema lacks it: `guard check` fails, and `guard up` restores it', async () => {
    await drizzlePush(shop.urls.owner, 'column');
    await restored(shop, 'orders_scoped');
    expect(await shop.read('SELECT what FROM public.events')).toEqual([{ what: 'kept' }]);
    expect(failuresOf(await prove(shop.engine, shop.guard, { roles: shop.roles }))).toEqual([]);
  });
});

import { primaryKey, type Tables } from 'ashlar';
import { type Engine, openEngine } from 'ashlar/extend';
import { appendOnly, audited, auditTrail, lifecycle, scoped } from 'ashlar/guarantees';
import { external, guard, native } from 'ashlar/guard';
import { down, newStep, up } from 'ashlar/migrations';
import { failuresOf, prove } from 'ashlar/prove';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { oneOfEach, type Place } from '../../../../test/support/engines.js';
import { checkGuard } from '../../src/guard/check.js';
import { check } from '../../src/migrations/model-changes.js';
import { type Folder, makeFolder } from '../migrations/folder.js';
import { guardUp } from './support.js';

const { withRoles } = oneOfEach(import.meta.url);

const trail = auditTrail('trail', (c) => [scoped(c.scope)]);
const status = { open: ['paid'], paid: [] };

/** The tables as the tool has them now: it renames columns, changes types, adds and drops tables. */
interface Tool {
  readonly org?: string;
  readonly type?: string;
  readonly guarantees?: 'all' | 'audited';
  readonly second?: boolean;
}

const tablesOf = ({ org = 'org', type = 'status', guarantees = 'all', second = false }: Tool): Tables => ({
  trail,
  orders: external('orders', { id: z.int(), [org]: z.int(), status: native(type, ['open', 'paid']) }, (c) => [
    primaryKey(c.id),
  ]).guarded((c) => [
    audited({ into: trail }),
    ...(guarantees === 'all'
      ? [scoped(c[org] as never), lifecycle(c.status as never, status, { initial: 'open' })]
      : []),
  ]),
  ...(second
    ? { more: external('more', { id: z.int() }, (c) => [primaryKey(c.id)]).guarded(() => [appendOnly()]) }
    : {}),
});

describe.each(withRoles)('a guard of tables that their tool changes, on $name', ({ place: makePlace }) => {
  let folder: Folder;
  let place: Place;
  let engine: Engine | undefined;
  const system = (tool: Tool) => guard('shop', { tables: tablesOf(tool), migrations: folder.url });
  const reopen = async (tool: Tool): Promise<Engine> => {
    const memory = place.url === 'pglite:memory';
    // a database in memory is gone when it is closed
    if (engine && memory) return engine;
    await engine?.close();
    engine = await openEngine({ url: place.url, guards: system(tool).guards });
    return engine;
  };
  const sql = (text: string): Promise<void> => (engine as Engine).asOwner((owner) => owner.script(text));
  /** What the team does after a migration of the tool: declares the tables as they are, writes a step, and puts it on. */
  const follow = async (tool: Tool, step: string | undefined): Promise<void> => {
    const shop = system(tool);
    const opened = await reopen(tool);
    const written = await newStep(shop, folder.url, step ?? 'none', { engines: ['postgres'] });
    expect(written?.name.slice(5)).toBe(step);
    await guardUp({ engine: opened, shop: shop as never });
    await check(shop, 'postgres');
    expect(await checkGuard(opened, shop)).toEqual([]);
    expect(failuresOf(await prove(opened, shop))).toEqual([]);
    expect(await newStep(shop, folder.url, 'again', { engines: ['postgres'] })).toBeUndefined();
  };
  beforeEach(async () => {
    folder = await makeFolder();
    place = await makePlace();
    // the place of every test names both tables: a table that is not there is no finding until it is declared
    engine = await openEngine({
      url: place.url,
      guards: { schema: 'public', own: 'ashlar', tables: ['more', 'orders'] },
    });
    await sql(`CREATE TYPE public.status AS ENUM ('open', 'paid');
      CREATE TABLE public.orders (id int PRIMARY KEY, org int NOT NULL, status public.status NOT NULL);
      CREATE TABLE public.more (id int PRIMARY KEY);
      INSERT INTO orders VALUES (1, 1, 'open'), (2, 2, 'open')`);
    await follow({}, 'guard');
  });
  afterEach(async () => {
    await engine?.close();
    engine = undefined;
    await place.remove();
    await folder.remove();
  });

  test('a column under a policy is renamed', async () => {
    await sql('ALTER TABLE orders RENAME COLUMN org TO org_id');
    const found = await checkGuard(engine as Engine, system({}));
    expect(found.map((each) => each.found).join('\n')).toContain('orders has no column org');
    await follow({ org: 'org_id' }, 'renamed');
  });

  test('a column under a trigger’s condition gets another type, after the objects were lifted', async () => {
    await expect(sql('ALTER TABLE orders ALTER COLUMN status TYPE varchar(20)')).rejects.toThrow();
    await sql(`DROP TRIGGER orders_status_lifecycle_insert ON orders; DROP TRIGGER orders_status_lifecycle_update ON orders;
      ALTER TABLE orders ALTER COLUMN status TYPE varchar(20) USING status::text`);
    // the condition reads the same, so no step is needed: the triggers are restored
    await follow({ type: 'character varying(20)' }, undefined);
  });

  test('guarantees are taken off, and the table stays', async () => {
    await follow({ guarantees: 'audited' }, 'fewer');
    const rows = await (engine as Engine).asOwner((owner) =>
      owner.run(
        `SELECT relrowsecurity AS secured, (SELECT count(*)::int FROM orders) AS n FROM pg_class WHERE oid = 'public.orders'::regclass`,
      ),
    );
    expect(rows).toEqual([{ secured: false, n: 2 }]);
  });

  test('a table is added to the guard, and taken from it', async () => {
    await follow({ second: true }, 'more');
    await expect(
      sql('DELETE FROM more; INSERT INTO more VALUES (1); DELETE FROM more'),
    ).rejects.toMatchObject({
      code: 'guarantee-violated',
    });
    await follow({}, 'less');
    await sql('INSERT INTO more VALUES (2); DELETE FROM more');
  });

  test('`down` leaves the tool’s tables as they were', async () => {
    await down(engine as Engine, system({}), { to: 'base', destroy: true });
    const rows = await (engine as Engine).asOwner((owner) =>
      owner.run(`SELECT
        (SELECT count(*)::int FROM pg_trigger WHERE tgrelid = 'public.orders'::regclass) AS triggers,
        (SELECT count(*)::int FROM pg_policy) AS policies,
        (SELECT relrowsecurity FROM pg_class WHERE oid = 'public.orders'::regclass) AS secured,
        (SELECT count(*)::int FROM orders) AS n`),
    );
    expect(rows).toEqual([{ triggers: 0, policies: 0, secured: false, n: 2 }]);
    expect((await up(engine as Engine, system({}))).length).toBe(1);
  });
});

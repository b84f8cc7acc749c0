import { autoincrement, index, type Table, table } from 'ashlar';
import { type Engine, openEngine } from 'ashlar/extend';
import { appendOnly } from 'ashlar/guarantees';
import { down, newStep, status, up } from 'ashlar/migrations';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { oneOfEach, server, sqlOf } from '../../../../test/support/engines.js';
import { objectsOf } from '../../src/migrations/ownership/keys.js';
import { type Folder, makeFolder } from './folder.js';
import { systemOf } from './objects.js';

const { engines } = oneOfEach(import.meta.url);

// the same generated steps for every object
let folder: Folder;
const columns = {
  id: autoincrement(),
  email: z.string(),
  status: z.string(),
  total: z.int(),
  note: z.string().default('x'),
};
const { email, status: state } = columns;
const { note, ...withoutNote } = columns;
const nullable = z.int().nullable();
const models = [
  table('orders', columns, (c) => [index(c.note, { name: 'orders_by_note' }), appendOnly()]),
  table('orders', columns),
  table('orders', { ...columns, total: nullable }),
  table('orders', { ...withoutNote, total: nullable }),
  table('orders', { id: columns.id, total: nullable }),
] as unknown as readonly Table[];
const changes = ['initial', 'dropped', 'nullable', 'smaller', 'without'];
const last = () => systemOf(folder, models.at(-1) as Table);

beforeAll(async () => {
  folder = await makeFolder();
  for (const [at, model] of models.entries())
    await newStep(systemOf(folder, model), folder.url, changes[at] ?? '', { decide: async () => undefined });
}, 60_000);
afterAll(() => folder.remove());

/** Names that look as if a server, a declaration or a step had given them. */
const names = [
  ...['orders_status_idx', 'orders_email_key', 'orders_size_check', 'orders_fkey1'],
  // of a column, of an index and of a guarantee's trigger, which a later step drops
  ...['total', 'orders_by_note', 'orders_append_only', 'orders_append_only_update'],
  'Mine',
];

type Make = (name: string) => string;
const common: Readonly<Record<string, Make>> = {
  index: (name) => `CREATE INDEX ${name} ON orders (status)`,
  'unique index': (name) => `CREATE UNIQUE INDEX ${name} ON orders (email)`,
  view: (name) => `CREATE VIEW ${name} AS SELECT id, status FROM orders`,
};
const kinds: Readonly<Record<'sqlite' | 'postgres', Readonly<Record<string, Make>>>> = {
  sqlite: {
    ...common,
    trigger: (name) =>
      `CREATE TRIGGER ${name} BEFORE INSERT ON orders WHEN NEW.status = 'bad' BEGIN SELECT RAISE(ABORT, 'by hand'); END`,
    'virtual table': (name) =>
      `CREATE VIRTUAL TABLE ${name} USING fts5(status, content='orders', content_rowid='id')`,
  },
  postgres: {
    ...common,
    trigger: (name) =>
      `CREATE OR REPLACE FUNCTION refuse_bad() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER ${name} BEFORE INSERT OR UPDATE OF status ON orders FOR EACH ROW EXECUTE FUNCTION refuse_bad()`,
    constraint: (name) => `ALTER TABLE orders ADD CONSTRAINT ${name} CHECK (status <> 'bad')`,
    statistics: (name) => `CREATE STATISTICS ${name} ON status, email FROM orders`,
  },
};

const described = async (engine: Engine): Promise<readonly string[]> => {
  const schema = await engine.asOwner((owner) => engine.introspect(owner));
  return objectsOf(schema).map(({ key, definition }) => `${key}: ${definition}`);
};

describe.each(engines)('objects that a person made in the database on $name', (engine) => {
  const dialect = sqlOf(engine);

  test.each(Object.keys(kinds[dialect]))('%s: each is kept, or the step is refused', async (kind) => {
    const place = await engine.place();
    const database = await openEngine({ url: place.url, key: place.key });
    const script = (sql: string) => database.asOwner((owner) => owner.script(sql));
    try {
      await up(database, last(), { to: '2' });
      await script("INSERT INTO orders (email, status, total) VALUES ('a', 'x', 1), ('b', 'y', 2)");
      const before = new Set(await described(database));
      for (const name of names) await script(kinds[dialect][kind]?.(`"${name}"`) ?? '');
      const own = (await described(database)).filter((each) => !before.has(each));
      expect(own.length).toBeGreaterThanOrEqual(names.length);
      const areThere = async (): Promise<void> => {
        expect(await described(database)).toEqual(expect.arrayContaining([...own]));
      };
      await up(database, last(), { to: '3' });
      await areThere();
      await up(database, last(), { to: '4' });
      await areThere();
      const { undeclared } = await status(database, last());
      expect(undeclared?.map(({ object }) => object)).toEqual(
        expect.arrayContaining(own.map((each) => each.slice(0, each.indexOf(': ')))),
      );
      await expect(up(database, last())).rejects.toMatchObject({
        code: expect.stringMatching(/^migration-(blocked|failed)$/),
      });
      await areThere();
      await down(database, last(), { to: '2', destroy: true });
      await areThere();
    } finally {
      await database.close();
      await place.remove();
    }
  });
});

describe.each(engines)('a step by hand on $name', (engine) => {
  let own: Folder;
  beforeEach(async () => {
    own = await makeFolder();
  });
  afterEach(() => own.remove());
  const orders = table('orders', { id: autoincrement(), email, status: state }) as unknown as Table;

  test('drops the object that it names', async () => {
    await newStep(systemOf(own, orders), own.url, 'initial');
    await own.step('0002_drop', 'DROP INDEX IF EXISTS "status"');
    const place = await engine.place();
    const database = await openEngine({ url: place.url, key: place.key });
    try {
      await up(database, systemOf(own, orders), { to: '1' });
      await database.asOwner((owner) => owner.script('CREATE INDEX "status" ON orders (status)'));
      await up(database, systemOf(own, orders));
      expect((await described(database)).filter((each) => each.startsWith('index'))).toEqual([]);
    } finally {
      await database.close();
      await place.remove();
    }
  });
});

describe.each(server)('without a shadow on $name', (engine) => {
  test('names say what the steps made', async () => {
    const own = await makeFolder();
    const place = await engine.place();
    const database = await openEngine({ url: place.url, key: place.key });
    const script = (sql: string) => database.asOwner((owner) => owner.script(sql));
    try {
      await own.step(
        '0001_initial',
        `CREATE TABLE orders (id bigint PRIMARY KEY, status text, email text); CREATE INDEX ON orders (status);
DO $$ BEGIN IF current_database() NOT LIKE 'test_%' THEN RAISE 'only on a server'; END IF; END $$;`,
      );
      await own.step('0002_status', 'ALTER TABLE orders DROP COLUMN status;');
      await own.step('0003_email', 'ALTER TABLE orders DROP COLUMN email;');
      const shop = systemOf(
        own,
        table('orders', { id: autoincrement(), note: z.string() }) as unknown as Table,
      );
      await up(database, shop, { to: '1' });
      await script('CREATE INDEX mine ON orders (email)');
      await up(database, shop, { to: '2' });
      await expect(up(database, shop)).rejects.toMatchObject({ code: 'migration-blocked' });
      await script('DROP INDEX mine');
      await up(database, shop);
    } finally {
      await database.close();
      await place.remove();
      await own.remove();
    }
  });
});

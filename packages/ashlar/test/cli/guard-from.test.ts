import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openEngine } from 'ashlar/extend';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { toolSql } from '../guard/support.js';
import { makeProject, type Project } from './cli.js';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

let project: Project;
let env: NodeJS.Dict<string>;
beforeEach(async () => {
  project = await makeProject();
  await rm(join(project.folder, 'ashlar.config.js'));
  await mkdir(join(project.folder, 'node_modules'));
  await symlink(here('../..'), join(project.folder, 'node_modules/ashlar'));
  await symlink(here('../../../../node_modules/zod'), join(project.folder, 'node_modules/zod'));
});
afterEach(() => project.remove());

const tool = async (sql: string): Promise<void> => {
  const engine = await openEngine({ url: String(env.DATABASE_URL) });
  await engine.asOwner((owner) => owner.script(sql));
  await engine.close();
};
const ok = async (...args: string[]): Promise<string> => {
  const ended = await project.ashlar(args, env);
  expect(ended.code, `${args.join(' ')}\n${ended.stdout}${ended.stderr}`).toBe(0);
  return ended.stdout;
};
const text = (path: string): Promise<string> => readFile(join(project.folder, path), 'utf8');
const put = async (path: string, content: string): Promise<void> => {
  await mkdir(join(project.folder, path, '..'), { recursive: true });
  await writeFile(join(project.folder, path), content);
};
const refused = async (args: readonly string[], code: string, message: string): Promise<void> => {
  const before = await readdir(project.folder);
  expect({
    args,
    ...(await project.json(['guard', '--from', ...args], env)),
  }).toMatchObject({ document: { error: { code, message: expect.stringContaining(message) } } });
  expect(await readdir(project.folder)).toEqual(before);
};

describe('ashlar guard --from on PostgreSQL', () => {
  beforeEach(async () => {
    env = { DATABASE_URL: `pglite:${join(project.folder, 'data')}` };
    await tool(`${toolSql}
      CREATE TYPE public."Kind" AS ENUM ('a', 'it''s');
      CREATE DOMAIN public.short AS text;
      CREATE TABLE public.types (id bigint PRIMARY KEY, small smallint NOT NULL, "Two Words" "Kind", d public.short, n numeric, t timestamp(3), t0 timestamptz(0),
        t6 timestamptz, arr text[], j json, v tsvector, c char(3), r real, m money, day date, ok boolean, raw bytea, parent bigint REFERENCES public.types (id),
        UNIQUE (small, d));
      INSERT INTO public.types (id, small, d) VALUES (1, 1, 'x');
      CREATE TABLE public.no_key (a int);`);
  });

  test('writes declarations that `guard up` takes, for every guarantee and every type', async () => {
    const out = await ok(
      ...['guard', '--from', 'database', '--name', 'shop', 'Order:scoped=Org Id,audited,lifecycle=status'],
      ...['facts:append-only,ledgered', 'letters:retained=sent', 'types:audited,acyclic=parent'],
    );
    expect(out).toContain('written   src/guard/migrations/0001_guard');
    expect(out).toMatch(/answer {4}src\/guard\/guard\.ts: Order\.status: write which values may follow/);
    expect(out).toContain('answer    src/guard/guard.ts: letters.sent: write how long');
    const guard = await text('src/guard/guard.ts');
    expect(guard).toContain(
      "lifecycle(c.status, { 'open': [], 'paid': [], 'void': [] }, { initial: 'open' })",
    );
    expect(await text('src/guard/tables.ts')).toContain("native('\"Kind\"', ['a', 'it\\'s'])");
    expect(await text('ashlar.config.ts')).toContain("systems: [shopGuard], engines: ['postgres']");
    // a person answers
    await put(
      'src/guard/guard.ts',
      guard
        .replace('import { acyclic,', 'import { lifecycle, retained, acyclic,')
        .replace(/\/\/ (lifecycle.*)'open': \[\]/, "$1'open': ['paid', 'void']")
        .replace(/\/\/ (retained)/, '$1'),
    );
    await ok('migrate', 'new', 'answers');
    expect(await ok('guard', 'up')).toContain('0002_answers');
    expect(await ok('guard', 'check')).toContain('ok shop');
    expect(await ok('migrate', 'check')).not.toContain('differ');
    await tool(
      `SET ashlar.actor = 'maria'; INSERT INTO public.types (id, small, d, arr) VALUES (2, 2, 'y', '{a}')`,
    );
    expect(await ok('audit', '--table', 'types')).toContain('insert');
  });

  test('refuses what cannot be guarded, and writes nothing', async () => {
    await refused(['database'], 'usage', 'No table is named');
    await refused(['database', 'nothing:audited'], 'usage', 'no table nothing');
    await refused(['database', 'events:audited', 'events:append-only'], 'usage', 'named twice');
    await refused(['database', 'events:scoped=nothing'], 'usage', 'no column nothing');
    await refused(['database', 'events:shiny'], 'usage', 'no guarantee "shiny"');
    await refused(['database', 'events:ledgered'], 'usage', 'append-only,ledgered');
    await refused(['database', 'no_key:audited'], 'guard-refused', 'no primary key');
    await refused(['database', 'Order:scoped=status'], 'guard-refused', 'cannot be compared with the scope');
    await refused(['elsewhere', 'events:audited'], 'usage', 'no source');
    await refused(['drizzle', 'events:audited'], 'usage', 'no files of Drizzle');
    await put('prisma/schema.prisma', 'datasource db {\n  provider = "mysql"\n}\n');
    await refused(['prisma', 'events:audited'], 'guard-refused', 'mysql');
    await ok('guard', '--from', 'kysely', 'events:append-only');
    await refused(['kysely', 'orgs:audited'], 'init-conflict', 'src/guard/guard.ts');
  });

  test('reads the files of Drizzle and Prisma for the URL, and says what to write there', async () => {
    const own = env.DATABASE_URL;
    env = { SHOP_URL: own };
    await put(
      'drizzle.config.ts',
      "export default { dialect: 'postgresql', schema: './schema.ts', dbCredentials: { url: process.env.SHOP_URL } };",
    );
    await put('schema.ts', "pgTable('Order', {}); pgTable('events', {}); pgTable('later', {});");
    const drizzle = await project.json(['guard', '--from', 'drizzle', 'Order:scoped=Org Id'], env);
    expect(drizzle).toMatchObject({
      code: 0,
      document: {
        absent: ['later'],
        to_do: [
          expect.stringContaining("pgPolicy('Order_scoped'"),
          expect.stringContaining('drizzle-kit migrate && ashlar guard up'),
          expect.stringContaining('guarded(db,'),
        ],
      },
    });
    await put(
      'prisma/schema.prisma',
      'datasource db {\n  provider = "postgresql"\n  url = env("SHOP_URL")\n}\nmodel Event {\n  id Int @id\n  @@map("events")\n}\n',
    );
    expect(
      await project.json(['guard', '--from', 'prisma', '--dir', 'other', 'events:audited'], env),
    ).toMatchObject({
      code: 0,
      document: {
        tables: ['events'],
        absent: [],
        to_do: [expect.stringContaining('prisma migrate'), expect.anything()],
      },
    });
  });
});

describe('ashlar guard on a file', () => {
  test('puts triggers on the tool’s tables, finds that its rebuild dropped them, and restores them', async () => {
    const file = join(project.folder, 'shop.db');
    env = { DATABASE_URL: `sqlite:${file}` };
    const orders = (name: string): string =>
      `CREATE TABLE ${name} (id INTEGER PRIMARY KEY AUTOINCREMENT, note VARCHAR(40) UNIQUE, price REAL, raw BLOB, status TEXT NOT NULL DEFAULT 'open')`;
    await tool(`${orders('orders')}; CREATE TABLE events (id TEXT PRIMARY KEY NOT NULL, what TEXT);
      CREATE TABLE others (id INTEGER PRIMARY KEY); CREATE TABLE keyed (a TEXT PRIMARY KEY) WITHOUT ROWID;
      CREATE TABLE partial (id INTEGER PRIMARY KEY, a TEXT); CREATE UNIQUE INDEX one_open ON partial (a) WHERE a <> '';
      INSERT INTO orders (note) VALUES ('before'); INSERT INTO events VALUES ('e', 'before')`);
    await refused(['database', 'keyed:append-only'], 'guard-refused', 'WITHOUT ROWID');
    await refused(['database', 'partial:append-only'], 'guard-refused', 'one_open');
    await refused(['database', 'orders:scoped=id'], 'guarantee-refused', 'scoped');
    await refused(['database', 'orders:append-only,ledgered'], 'guarantee-refused', 'ledgered');
    await ok('guard', '--from', 'database', 'orders:audited', 'events:append-only');
    expect(await ok('guard', 'up')).toContain('0001_guard');
    expect(await ok('guard', 'check')).toContain('ok shop');
    expect(await ok('migrate', 'check')).not.toContain('differ');
    expect(await ok('guard', 'up')).toContain('nothing to do');
    expect(await ok('status')).toMatch(/emulated/);

    // as Drizzle and Prisma change a table
    await tool(`PRAGMA foreign_keys = OFF; ${orders('new_orders')};
      INSERT INTO new_orders SELECT * FROM orders; DROP TABLE orders; ALTER TABLE new_orders RENAME TO orders`);
    const checked = await project.json(['guard', 'check'], env);
    expect(checked).toMatchObject({ code: 1, document: { error: { code: 'guard-broken' } } });
    for (const event of ['insert', 'update', 'delete'])
      expect(checked.stdout).toContain(`orders_audited_${event}`);
    expect(await ok('guard', 'up')).toContain('restored orders: create trigger orders_audited_insert');
    expect(await ok('guard', 'check')).toContain('ok shop');
    await ok('prove');

    await tool('ALTER TABLE orders RENAME COLUMN note TO remark');
    expect((await project.json(['guard', 'check'], env)).stdout).toContain('orders has no column note');
  });
});

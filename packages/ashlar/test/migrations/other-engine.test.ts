import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createdAt, decimal, id, index, json, references, system, table } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { appendOnly, audited, auditTrail, ledgered } from 'ashlar/guarantees';
import { addEngine, checkMigrations, newStep, up } from 'ashlar/migrations';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Folder, makeFolder } from './folder.js';

let folder: Folder;
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(() => folder.remove());

const changes = auditTrail('changes');
const people = table('people', { id: id(), name: z.string() }, () => [audited({ into: changes })]);
const orders = table(
  'orders',
  { id: id(), person_id: z.uuid(), total: decimal(10, 2), meta: json(z.json()).nullable(), at: createdAt() },
  (c) => [references(c.person_id, people.columns.id), index(c.at), appendOnly(), ledgered()],
);
const shopOf = (tables: Parameters<typeof system>[1]['tables']) =>
  system('shop', { tables, migrations: folder.url });

describe.each([
  ['sqlite', 'postgres'],
  ['postgres', 'sqlite'],
] as const)('steps for %s get files for %s', (from, to) => {
  test('that make what the tables declare, in a database of that engine', async () => {
    await newStep(shopOf({ changes, people }), folder.url, 'initial', { engines: [from] });
    const shop = shopOf({ changes, people, orders });
    await newStep(shop, folder.url, 'orders', { engines: [from] });
    await mkdir(join(folder.path, '0003_countries'));
    await writeFile(
      join(folder.path, '0003_countries', `up.${from}.sql`),
      "INSERT INTO people (id, name) SELECT '01890000-0000-7000-8000-000000000000', 'x' WHERE false;",
    );
    await folder.write({ '0004_code/up.js': 'export default async () => undefined;' });
    expect((await addEngine(shop, to))?.writesRows.at(-1)).toBe('0003_countries');
    await checkMigrations(shop, to);
    const engine = await openEngine({ url: to === 'sqlite' ? 'sqlite::memory:' : 'pglite:memory' });
    expect((await up(engine, shop)).map(({ step }) => step)).toEqual([
      '0001_initial',
      '0002_orders',
      '0003_countries',
      '0004_code',
    ]);
    await engine.close();
    expect(await addEngine(shop, to)).toBeUndefined();
    await rm(join(folder.path, '0002_orders', `up.${to}.sql`));
    await expect(addEngine(shop, to)).rejects.toMatchObject({ code: 'migration-invalid' });
  });
});

test('what cannot be is refused, and nothing is left', async () => {
  const shop = shopOf({ people: table('people', { id: id(), big: decimal(30, 2) }) });
  await expect(addEngine(shop, 'sqlite')).rejects.toMatchObject({ code: 'migration-invalid' });
  await newStep(shop, folder.url, 'initial', { engines: ['postgres'] });
  await expect(addEngine(shop, 'sqlite')).rejects.toMatchObject({ code: 'column-type-unsupported' });
  const changed = shopOf({ people: table('people', { id: id(), big: decimal(3, 2) }) });
  await expect(addEngine(changed, 'sqlite')).rejects.toMatchObject({ code: 'migration-pending' });
  expect(await readdir(join(folder.path, '0001_initial'))).toEqual(['down.postgres.sql', 'up.postgres.sql']);
  expect(existsSync(join(folder.path, '0002_orders'))).toBe(false);
});

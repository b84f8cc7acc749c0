import { check, connect, type Database, id, system, table, unique } from 'ashlar';
import { appendOnly } from 'ashlar/guarantees';
import { checkMigrations, down, drift, newStep, up } from 'ashlar/migrations';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';

import { type Folder, makeFolder } from '../migrations/folder.js';

const shape = { id: id(), owner: z.string().nullable(), parent: z.int().nullable(), name: z.string() };
const distinct = table('places', shape, (c) => [unique(c.owner, c.parent, c.name)]);
const places = table('places', shape, (c) => [
  unique(c.owner, c.parent, c.name, { name: 'uq_places', nullsNotDistinct: true }),
  check('places_named', "name <> ''"),
]);
const kept = table('kept', shape, (c) => [unique(c.owner, c.name, { nullsNotDistinct: true }), appendOnly()]);
const plain = table('plain', { id: id(), name: z.string() }, (c) => [
  unique(c.name, { nullsNotDistinct: true }),
]);
const tables = { places, kept, plain };

describe.each(engines)('a unique key whose NULLs are not distinct on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables));
  });
  afterAll(() => remove());

  const put = (owner: string | null, parent: number | null, name: string) =>
    db.session((s) => s.insert(places, { owner, parent, name }));

  it('allows each value once, also NULL, and distinguishes NULL from empty text', async () => {
    for (const owner of [null, '', 'a'])
      for (const parent of [null, 0, 1]) {
        await put(owner, parent, 'x');
        await expect(put(owner, parent, 'x'), `${owner} ${parent}`).rejects.toMatchObject({
          code: 'unique-violation',
        });
      }
    const found = await db.read((s) => s.query.selectFrom('places').selectAll().execute());
    expect(found).toHaveLength(9);
  });

  it('is named by the error', async () => {
    await put(null, 7, 'named');
    const error = await put(null, 7, 'named').catch((caught: unknown) => caught);
    expect(error).toMatchObject({ detail: expect.stringContaining('uq_places') });
  });

  it('is a plain unique key when no column is nullable', async () => {
    expect(plain.uniques).toMatchObject([{ nullsEqual: [] }]);
    await db.session((s) => s.insert(plain, { name: 'once' }));
    await expect(db.session((s) => s.insert(plain, { name: 'once' }))).rejects.toMatchObject({
      code: 'unique-violation',
    });
  });

  it('is checked by the trigger against REPLACE of an append-only table', async () => {
    const row = await db.session((s) => s.insert(kept, { owner: null, parent: null, name: 'k' }));
    const replace = db.session((s) =>
      s.query
        .insertInto('kept')
        .values({ ...row, id: '00000000-0000-7000-8000-000000000001' })
        .execute(),
    );
    await expect(replace).rejects.toMatchObject({ code: 'unique-violation' });
    expect(await db.read((s) => s.query.selectFrom('kept').selectAll().execute())).toEqual([row]);
  });
});

describe('a unique key whose NULLs become not distinct', () => {
  let folder: Folder;
  const was = () => system('testing', { tables: { distinct }, migrations: folder.url });
  const now = () => system('testing', { tables: { places }, migrations: folder.url });
  beforeAll(async () => {
    folder = await makeFolder();
    await newStep(was(), folder.url, 'initial');
    await newStep(now(), folder.url, 'nulls');
  });
  afterAll(() => folder.remove());

  it.each(['sqlite', 'postgres'] as const)('is what the migrations create, for %s', async (dialect) => {
    await expect(checkMigrations(now(), dialect)).resolves.toBeUndefined();
  });

  it.each(engines)('migrates up and down with rows in the table on $name', async (engine) => {
    const place = await engine.place();
    const db = await connect(now(), { url: place.url, key: place.key });
    try {
      await up(db.engine, now());
      expect(await drift(db.engine, now())).toEqual([]);
      const row = { owner: null, parent: null, name: 'x' };
      await db.session((s) => s.insert(places, row));
      await down(db.engine, now(), { steps: 1 });
      const second = await db.session((s) => s.insert(places, row));
      await expect(up(db.engine, now())).rejects.toMatchObject({ code: 'migration-failed' });
      await db.session((s) => s.delete(places, second.id));
      await up(db.engine, now());
      await expect(db.session((s) => s.insert(places, row))).rejects.toMatchObject({
        code: 'unique-violation',
      });
    } finally {
      await db.close();
      await place.remove();
    }
  });
});

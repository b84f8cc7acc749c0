import {
  check,
  column,
  Database,
  decimal,
  id,
  index,
  references,
  renamed,
  type System,
  table,
  unique,
  updatedAt,
} from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { drift, newExpansion, newStep, up } from 'ashlar/migrations';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { oneOfEach } from '../../../../test/support/engines.js';
import { makeFolder } from './folder.js';
import { runWalk, systemOf, type Walk, writeWalk } from './walk.js';

const { engines } = oneOfEach(import.meta.url);

const named = (name: string) => column(z.string().max(50), { name });
const numbered = (name: string) => column(z.int(), { name }).default(7);
const times = { changedAt: column(updatedAt(), { name: 'Changed-At' }) };

const first = table(
  'artists',
  {
    id: id(),
    fullName: named('Full Name'),
    order: numbered('select'),
    gone: named('GONE').nullable(),
    ...times,
  },
  (c) => [
    unique(c.fullName),
    index(c.order, c.gone, { where: '"GONE" IS NOT NULL' }),
    check('artists_Order of one', '"select" > 0'),
  ],
);
const renamedOnce = table(
  'artists',
  {
    id: id(),
    fullName: named('The Name'),
    order: numbered('Order-By'),
    gone: named('GONE').nullable(),
    ...times,
  },
  (c) => [
    renamed(c.fullName, 'Full Name'),
    renamed(c.order, 'select'),
    unique(c.fullName),
    index(c.order, c.gone, { where: '"GONE" IS NOT NULL' }),
    check('artists_Order of one', '"Order-By" > 0'),
  ],
);
const changed = table(
  'artists',
  {
    id: id(),
    fullName: column(z.string().max(90), { name: 'The Name' }),
    order: column(z.string(), { name: 'Order-By' }),
    fee: column(decimal(6, 2), { name: 'The Fee' }).default('1.50'),
    boss: column(z.uuid(), { name: 'from' }).nullable(),
    ...times,
  },
  (c) => [
    renamed(c.fullName, 'Full Name'),
    renamed(c.order, 'select'),
    references(c.boss, c.id),
    index('lower("The Name")', { name: 'artists_Lower name', unique: true }),
  ],
);

const models = [first, renamedOnce, changed].map((artists) => ({ artists }));
const ada = '00000000-0000-7000-8000-00000000000a';

describe('steps for columns with other names in the database', () => {
  let walk: Walk;
  beforeAll(async () => {
    walk = await writeWalk(...models);
  });
  afterAll(() => walk.remove());

  test('rename, add, convert and drop by the names of the database', () => {
    expect(walk.summaries[1]?.postgres).toEqual(
      expect.arrayContaining([
        'artists: rename column Full Name to The Name',
        'artists: rename column select to Order-By',
      ]),
    );
    expect(walk.summaries[2]?.postgres).toEqual(
      expect.arrayContaining(['artists: drop column GONE', 'artists: add column The Fee']),
    );
  });

  test('are not needed for another property', async () => {
    const { fullName, ...rest } = {
      id: id(),
      fullName: column(z.string().max(90), { name: 'The Name' }),
      order: column(z.string(), { name: 'Order-By' }),
      fee: column(decimal(6, 2), { name: 'The Fee' }).default('1.50'),
      boss: column(z.uuid(), { name: 'from' }).nullable(),
      ...times,
    };
    const artists = table('artists', { ...rest, whole: fullName }, (c) => [
      renamed(c.whole, 'Full Name'),
      renamed(c.order, 'select'),
      references(c.boss, c.id),
      index('lower("The Name")', { name: 'artists_Lower name', unique: true }),
    ]);
    const made = systemOf({ artists }, walk.folder);
    expect(await newStep(made, made.migrations, 'nothing')).toBeUndefined();
  });

  test.each(engines)('keep the rows on $name, up and down', async (engine) => {
    await runWalk(engine, walk, async (db, step, way) => {
      const { artists } = db.system.tables as { artists: typeof first };
      if (way === 'up' && step === 0)
        await db.insert(artists, { id: ada, fullName: 'Ada', order: 3, gone: 'x' }, { actor: 'me' });
      expect(await db.get(artists, ada)).toMatchObject({ fullName: 'Ada', order: step === 2 ? '3' : 3 });
      const [row] = await db.read((s) =>
        s.query
          .selectFrom('artists' as never)
          .selectAll()
          .execute(),
      );
      expect(Object.keys(row ?? {}).sort()).toEqual(
        step === 2
          ? ['boss', 'changedAt', 'fee', 'fullName', 'id', 'order']
          : ['changedAt', 'fullName', 'gone', 'id', 'order'],
      );
    });
  });
});

test.each(engines)('a live table with such columns changes in three steps on $name', async (kind) => {
  const artist = (name: string, wasNull: z.ZodType) =>
    table('artists', {
      id: id(),
      fullName: named(name),
      wasNull: column(wasNull, { name: 'Was-Null' }),
      ...times,
    });
  const [before, after] = [artist('Full Name', z.string().nullable()), artist('The Name', z.string())];
  const folder = await makeFolder();
  const place = await kind.place();
  const engine = await openEngine({ url: place.url, key: place.key });
  try {
    const [was, is] = [before, after].map((artists) => systemOf({ artists }, folder)) as [System, System];
    await newStep(was, was.migrations, 'initial');
    await up(engine, was);
    const db = new Database(engine, was, {});
    await db.insert(before, { id: ada, fullName: 'Ada', wasNull: null }, { actor: 'me' });
    await newExpansion(is, is.migrations, 'change', {
      renames: { artists: { 'The Name': 'Full Name' } },
      fills: { 'artists.Was-Null': "'none'" },
    });
    await up(engine, is);
    await db.update(before, ada, { fullName: 'Ada L.' }, { actor: 'me' });
    await up(engine, is, { contract: true });
    expect(await drift(engine, is)).toEqual([]);
    expect(await new Database(engine, is, {}).get(after, ada)).toMatchObject({
      fullName: 'Ada L.',
      wasNull: 'none',
    });
  } finally {
    await engine.close();
    await place.remove();
    await folder.remove();
  }
});

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ciphertext,
  computed,
  createdAt,
  extra,
  id,
  index,
  primaryKey,
  references,
  renamedTable,
  type System,
  system,
  type Table,
  table,
  unique,
  updatedAt,
} from 'ashlar';
import { type Engine, openEngine } from 'ashlar/extend';
import {
  appendOnly,
  audited,
  auditTrail,
  encrypted,
  keyring,
  lifecycle,
  partitioned,
  versioned,
} from 'ashlar/guarantees';
import { down, drift, newExpansion, newStep, up } from 'ashlar/migrations';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { oneOfEach, type Place, sqlOf } from '../../../../../test/support/engines.js';
import { checkMigrations } from '../../../src/migrations/index.js';
import { type Folder, makeFolder } from '../folder.js';

const { engines } = oneOfEach(import.meta.url);

let folder: Folder;
const shop = (...tables: Table[]): System =>
  system('shop', {
    tables: Object.fromEntries(tables.map((one) => [one.name, one])),
    migrations: folder.url,
  });

const kept = { id: id(), updated_at: updatedAt() };
/** Each common change: the table before and after, and what is said about values. */
const changes = {
  required: {
    before: () => table('articles', { ...kept, kind: z.string().max(20).nullable() }),
    after: () => table('articles', { ...kept, kind: z.string().max(20) }),
    options: { fills: { 'articles.kind': "'none'" } },
    old: ['kind', ["'news'", 'NULL'], ["'news'", "'none'"]],
    young: ['kind', ["'essay'"], ["'essay'"]],
  },
  'required, with a new default': {
    before: () => table('articles', { ...kept, kind: z.string().max(20).nullable() }),
    after: () => table('articles', { ...kept, kind: z.string().max(20).default('none') }),
    options: {},
    old: ['kind', ["'news'", 'NULL'], ["'news'", "'none'"]],
    young: ['kind', ["'essay'"], ["'essay'"]],
  },
  renamed: {
    before: () => table('articles', { ...kept, title: z.string().max(20) }),
    after: () => table('articles', { ...kept, headline: z.string().max(20) }),
    options: { renames: { articles: { headline: 'title' } } },
    old: ['title', ["'A'", "'B'"], ["'A'", "'B'"]],
    young: ['headline', ["'C'"], ["'C'"]],
  },
  'renamed, nullable': {
    before: () => table('articles', { ...kept, title: z.string().max(20).nullable() }),
    after: () => table('articles', { ...kept, headline: z.string().max(20).nullable() }),
    options: { renames: { articles: { headline: 'title' } } },
    old: ['title', ["'A'", 'NULL'], ["'A'", null]],
    young: ['headline', ["'C'", 'NULL'], ["'C'", null]],
  },
  'renamed, with a default': {
    before: () => table('articles', { ...kept, title: z.string().max(20).default('new') }),
    after: () => table('articles', { ...kept, headline: z.string().max(20).default('new') }),
    options: { renames: { articles: { headline: 'title' } } },
    old: ['title', ["'A'", "'new'"], ["'A'", "'new'"]],
    young: ['headline', ["'C'"], ["'C'"]],
  },
  retyped: {
    before: () => table('articles', { ...kept, size: z.string() }),
    after: () => table('articles', { ...kept, length: z.int() }),
    options: { renames: { articles: { length: 'size' } } },
    old: ['size', ["'12'", "'-3'"], [12, -3]],
    young: ['length', ['7'], ["'7'"]],
  },
  'renamed, with a comment': {
    before: () => table('articles', { ...kept, title: z.string().max(20).describe('of the old one') }),
    after: () => table('articles', { ...kept, headline: z.string().max(20).describe('of the new one') }),
    options: { renames: { articles: { headline: 'title' } } },
    old: ['title', ["'A'", "'B'"], ["'A'", "'B'"]],
    young: ['headline', ["'C'"], ["'C'"]],
  },
  split: {
    before: () => table('articles', { ...kept, place: z.string().max(20) }),
    after: () =>
      table('articles', { ...kept, town: z.string().max(20), street: z.string().max(20).default('') }),
    // the same on both engines: a town has four letters
    options: {
      fills: {
        'articles.town': 'substr(place, 1, 4)',
        'articles.street': "CASE WHEN length(place) > 5 THEN substr(place, 6) ELSE '' END",
      },
      backs: { 'articles.place': "town || CASE WHEN street = '' THEN '' ELSE ' ' || street END" },
    },
    old: ['place', ["'Bern'", "'Zuoz 12'"], ["'Bern'", "'Zuoz'"]],
    young: ['town', ["'Chur'"], ["'Chur'"]],
  },
} as const;

const stepsOf = async (): Promise<string[]> => (await readdir(folder.path)).sort();

describe.each(engines)('expand and contract on $name', (kind) => {
  let place: Place;
  let engine: Engine;
  const dialect = sqlOf(kind);

  beforeEach(async () => {
    place = await kind.place();
    folder = await makeFolder();
    engine = await openEngine({ url: place.url, key: place.key });
  });
  afterEach(async () => {
    await engine.close();
    await place.remove();
    await folder.remove();
  });

  const run = (sql: string) => engine.asOwner((owner) => owner.atomically(() => owner.run(sql)));
  const someId = (n: number): string => `018f0000-0000-7000-8000-${String(n).padStart(12, '0')}`;
  const time = "'2026-01-02T03:04:05.000Z'";
  let rows = 0;
  const insert = async (column: string, value: string): Promise<string> => {
    rows += 1;
    const key = someId(rows);
    await run(`INSERT INTO articles (id, updated_at, ${column}) VALUES ('${key}', ${time}, ${value})`);
    return key;
  };
  const read = async (column: string, key: string) => {
    const [row] = await run(`SELECT ${column} AS v FROM articles WHERE id = '${key}'`);
    const value = row?.v;
    return typeof value === 'string' ? `'${value}'` : value;
  };
  const write = async (name: keyof typeof changes) => {
    const { before, after, options } = changes[name];
    await newStep(shop(before()), folder.url, 'initial', { engines: [dialect] });
    await up(engine, shop(before()));
    return newExpansion(shop(after()), folder.url, 'change', { engines: [dialect], ...options });
  };

  test.each(Object.keys(changes) as (keyof typeof changes)[])(
    '%s: both versions write between expand and contract, and no value is lost up or down',
    async (name) => {
      rows = 0;
      const { before, after, old, young } = changes[name];
      const written = await write(name);
      expect(written?.steps).toEqual(['0002_change_expand', '0003_change_fill', '0004_change_contract']);
      const now = shop(after());
      await checkMigrations(now, dialect);
      const [oldColumn, oldValues, oldRead] = old;
      const [newColumn, newValues, newRead] = young;
      const early = await Promise.all(oldValues.map((value) => insert(oldColumn, value)));
      await up(engine, now, { to: '2' });
      // during expand, before the rows are filled
      const during: string[] = [];
      for (const value of oldValues) during.push(await insert(oldColumn, value));
      await up(engine, now);
      expect(await drift(engine, now)).toEqual([]);
      const expectRead = async (column: string, keys: readonly string[], values: readonly unknown[]) => {
        for (const [at, key] of keys.entries()) expect(await read(column, key)).toEqual(values[at]);
      };
      await expectRead(newColumn, early, oldRead);
      await expectRead(newColumn, during, oldRead);
      // the fill of a copy is no change of the row; a value in place of NULL is one, in the rows that had none
      const touched = await run(`SELECT count(*) AS n FROM articles WHERE updated_at <> ${time}`);
      const filled = oldColumn === newColumn ? oldValues.filter((value) => value === 'NULL').length : 0;
      expect(Number(touched[0]?.n)).toBe(filled);
      // both versions after the fill
      const byOld: string[] = [];
      const byNew: string[] = [];
      for (const value of oldValues) byOld.push(await insert(oldColumn, value));
      for (const value of newValues) byNew.push(await insert(newColumn, value));
      await expectRead(newColumn, byOld, oldRead);
      await expectRead(oldColumn, byNew, newRead);
      // each version changes a row of the other
      const [first = ''] = byOld;
      const [second = ''] = byNew;
      await run(`UPDATE articles SET ${newColumn} = ${newValues[0]} WHERE id = '${first}'`);
      expect(await read(oldColumn, first)).toEqual(newRead[0]);
      await run(`UPDATE articles SET ${oldColumn} = ${oldValues[1]} WHERE id = '${second}'`);
      expect(await read(newColumn, second)).toEqual(oldRead[1]);
      await run(`UPDATE articles SET ${oldColumn} = ${oldValues[0]} WHERE id = '${second}'`);
      expect(await read(newColumn, second)).toEqual(oldRead[0]);
      const values = () => run(`SELECT id, ${newColumn} AS v FROM articles ORDER BY id`);
      const rowsBefore = await values();
      const done = await up(engine, now, { contract: true });
      expect(done.map(({ step }) => step)).toEqual(['0004_change_contract']);
      expect(await drift(engine, now)).toEqual([]);
      expect(await values()).toEqual(rowsBefore);
      await down(engine, now);
      expect(await drift(engine, now)).toEqual([]);
      expect(await values()).toEqual(rowsBefore);
      await expectRead(oldColumn, byNew.slice(1), newRead.slice(1));
      const byOldAgain = await insert(oldColumn, oldValues[1]);
      expect(await read(newColumn, byOldAgain)).toEqual(oldRead[1]);
      // the new column is dropped with its values, which are those of the old one
      await down(engine, now, { steps: 2, destroy: true });
      expect(await drift(engine, now)).toEqual([]);
      expect(await drift(engine, shop(before()))).toEqual([]);
      await up(engine, now, { contract: true });
      expect(await drift(engine, now)).toEqual([]);
      expect(await values()).toHaveLength(rowsBefore.length + 1);
    },
  );

  test.each(['required', 'renamed', 'split'] as const)(
    'down, %s: only where values go is `destroy` needed',
    async (name) => {
      rows = 0;
      const { before, after, old } = changes[name];
      await write(name);
      for (const value of old[1]) await insert(old[0], value);
      const now = shop(after());
      await up(engine, now, { contract: true });
      expect((await down(engine, now, { steps: 2 })).map(({ step }) => step)).toEqual([
        '0004_change_contract',
        '0003_change_fill',
      ]);
      if (name === 'required') await down(engine, now);
      else {
        await expect(down(engine, now)).rejects.toMatchObject({
          code: 'migration-destroys',
          facts: {
            losses: expect.arrayContaining([
              { step: '0002_change_expand', table: 'articles', column: changes[name].young[0], rows: 2 },
            ]),
          },
        });
        await down(engine, now, { destroy: true });
      }
      expect(await drift(engine, shop(before()))).toEqual([]);
      const stored = name === 'required' ? old[2] : old[1];
      for (const [at, value] of stored.entries()) expect(await read(old[0], someId(at + 1))).toBe(value);
    },
  );

  test('a new database runs all three steps at once', async () => {
    const { after } = changes.renamed;
    await write('renamed');
    const other = await kind.place();
    const fresh = await openEngine({ url: other.url, key: other.key });
    await up(fresh, shop(after()));
    expect(await drift(fresh, shop(after()))).toEqual([]);
    await fresh.close();
    await other.remove();
  });

  test('nothing is written when nothing differs', async () => {
    const { before } = changes.renamed;
    await newStep(shop(before()), folder.url, 'initial', { engines: [dialect] });
    expect(await newExpansion(shop(before()), folder.url, 'change', { engines: [dialect] })).toBeUndefined();
    expect(await stepsOf()).toEqual(['0001_initial']);
  });
});

describe('a change that is refused', () => {
  beforeEach(async () => {
    folder = await makeFolder();
  });
  afterEach(() => folder.remove());

  const dialects = ['sqlite', 'postgres'] as const;
  const base = { id: id(), title: z.string().max(20).nullable(), owner_id: z.uuid() };
  const required = { ...base, title: z.string().max(20) };
  const { title, ...others } = base;
  const renamed = { ...others, headline: title };
  const fills = { fills: { 'articles.title': "'none'" } };
  const renames = { renames: { articles: { headline: 'title' } } };
  const trail = () => auditTrail('trail');
  const keys = () => keyring('keys');
  const versions = {
    version: z.int32().min(1).default(1),
    is_current: z.boolean().default(true),
    previous_id: z.uuid().nullable(),
  };
  // biome-ignore lint/suspicious/noExplicitAny: two tables with other columns
  const version = (c: any) =>
    versioned({ key: c.owner_id, version: c.version, current: c.is_current, previous: c.previous_id });

  interface Refused {
    readonly before: () => Table[];
    readonly after: () => Table[];
    readonly options?: object;
    /** The engines that refuse it; by default both. */
    readonly on?: readonly string[];
    readonly detail: string;
  }
  const one = (n: number) =>
    extra({
      name: 'one',
      sqlite: null,
      postgres: `CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT ${n}'`,
    });
  const lower = (column: string) => {
    const sql = `CREATE INDEX articles_lower ON articles (lower(${column}))`;
    return extra({ name: 'articles_lower', sqlite: sql, postgres: sql });
  };
  // biome-ignore lint/suspicious/noExplicitAny: two tables with other columns
  const inMonths = (c: any) => [primaryKey(c.id, c.at), partitioned(c.at, { by: 'month' })];
  const refusals: Readonly<Record<string, Refused>> = {
    'required without a value': {
      before: () => [table('articles', base)],
      after: () => [table('articles', required)],
      detail: 'nothing says what stands in place of NULL',
    },
    'another type under the same name': {
      before: () => [table('articles', base)],
      after: () => [table('articles', { ...base, title: z.int().nullable() })],
      detail: 'title changes otherwise than to NOT NULL',
    },
    'a table beside it': {
      before: () => [table('articles', base)],
      after: () => [table('articles', required), table('more', { id: id() })],
      options: fills,
      detail: 'the table is new',
    },
    'a table that goes': {
      before: () => [table('articles', base), table('more', { id: id() })],
      after: () => [table('articles', required)],
      options: { ...fills, drops: ['more'] },
      detail: 'the table is dropped',
    },
    'an index beside it': {
      before: () => [table('articles', base)],
      after: () => [table('articles', required, (c) => [index(c.owner_id)])],
      options: fills,
      detail: 'its constraints, indexes or guarantees change as well',
    },
    'a new column without a value': {
      before: () => [table('articles', base)],
      after: () => [table('articles', { ...base, more: z.string().nullable() })],
      detail: 'nothing says what its values are',
    },
    'a column that goes': {
      before: () => [table('articles', base)],
      after: () => [table('articles', others)],
      options: { drops: ['articles.title'] },
      detail: 'nothing says what the older version reads there',
    },
    'rules that differ': {
      before: () => [table('articles', base)],
      after: () => [table('articles', { ...others, headline: z.string().max(10).nullable() })],
      options: renames,
      detail: 'have different rules',
    },
    'NULL under a default': {
      before: () => [table('articles', { ...base, title: title.default('x') })],
      after: () => [table('articles', { ...others, headline: title.default('x') })],
      options: renames,
      detail: 'a trigger cannot tell NULL from a value that is not given',
    },
    'a unique key': {
      before: () => [table('articles', base, (c) => [unique(c.title)])],
      after: () => [table('articles', renamed, (c) => [unique(c.headline)])],
      options: renames,
      detail: 'title is in a key, an index or a rule about several columns',
    },
    'a default under the same name': {
      before: () => [table('articles', { ...base, size: z.int().default(1) })],
      after: () => [table('articles', { ...base, size: z.int().default(2) })],
      detail: 'size changes otherwise than to NOT NULL',
    },
    'a new column in place of none': {
      before: () => [table('articles', base)],
      after: () => [table('articles', { ...base, more: z.string().nullable() })],
      options: { fills: { 'articles.more': 'title' } },
      detail: 'more replaces no column',
    },
    'a column that goes, with a value and nothing in its place': {
      before: () => [table('articles', base)],
      after: () => [table('articles', others)],
      options: { backs: { 'articles.title': "''" } },
      detail: 'nothing says what the older version reads there',
    },
    'NULL where the new column has none': {
      before: () => [table('articles', base)],
      after: () => [table('articles', { ...others, headline: z.string().max(20) })],
      options: renames,
      detail: 'title may be NULL, and headline may not',
    },
    'NULL where the old column has none': {
      before: () => [table('articles', required)],
      after: () => [table('articles', renamed)],
      options: renames,
      detail: 'headline may be NULL, and title, which the older version reads, may not',
    },
    'defaults that differ': {
      before: () => [table('articles', { ...others, title: z.string().default('x') })],
      after: () => [table('articles', { ...others, headline: z.string().default('y') })],
      options: renames,
      detail: 'have different defaults',
    },
    'a comment beside it': {
      before: () => [table('articles', base)],
      after: () => [table('articles', required).describe('What people write')],
      options: fills,
      // SQLite has no comments
      on: ['postgres'],
      detail: 'its comments change as well',
    },
    'a computed column that gets another name': {
      before: () => [
        table('articles', { ...others, title: z.string(), long: computed(z.string(), "title || '!'") }),
      ],
      after: () => [
        table('articles', { ...others, title: z.string(), loud: computed(z.string(), "title || '!'") }),
      ],
      options: { renames: { articles: { loud: 'long' } } },
      detail: 'long',
    },
    'a column that another is computed from': {
      before: () => [
        table('articles', { ...others, title: z.string(), loud: computed(z.string(), "title || '!'") }),
      ],
      after: () => [
        table('articles', { ...others, headline: z.string(), loud: computed(z.string(), "headline || '!'") }),
      ],
      options: renames,
      detail: 'loud',
    },
    'another expression': {
      before: () => [
        table('articles', { ...others, title: z.string(), loud: computed(z.string(), "title || '!'") }),
      ],
      after: () => [
        table('articles', { ...others, title: z.string(), loud: computed(z.string(), "title || '?'") }),
      ],
      detail: 'loud',
    },
    'a computed column that is new': {
      before: () => [table('articles', { ...others, title: z.string() })],
      after: () => [
        table('articles', { ...others, title: z.string(), loud: computed(z.string(), "title || '!'") }),
      ],
      detail: 'loud',
    },
    'a view beside it': {
      before: () => [table('articles', base)],
      after: () => [
        table('articles', required, () => [
          extra({
            name: 'owners',
            sqlite: 'CREATE VIEW owners AS SELECT owner_id FROM articles',
            postgres: 'CREATE VIEW owners AS SELECT owner_id FROM articles',
          }),
        ]),
      ],
      options: fills,
      detail: 'the view owners changes as well',
    },
    'a function alone': {
      before: () => [table('articles', base, () => [one(1)])],
      after: () => [table('articles', base, () => [one(2)])],
      on: ['postgres'],
      detail: 'the function one changes as well',
    },
    'a table with another name': {
      before: () => [table('articles', base)],
      after: () => [table('essays', base, () => [renamedTable('articles')])],
      detail: 'essays was articles',
    },
    'partitions of PostgreSQL': {
      before: () => [table('articles', { ...base, at: createdAt() }, inMonths)],
      after: () => [table('articles', { ...required, at: createdAt() }, inMonths)],
      options: fills,
      on: ['postgres'],
      detail: 'it is partitioned',
    },
    'a column of an expression': {
      before: () => [table('articles', base, () => [lower('title')])],
      after: () => [table('articles', renamed, () => [lower('headline')])],
      options: renames,
      detail: 'title is in a key, an index or a rule about several columns',
    },
    'append-only': {
      before: () => [table('articles', base, () => [appendOnly()])],
      after: () => [table('articles', required, () => [appendOnly()])],
      options: fills,
      detail: 'append-only',
    },
    versioned: {
      before: () => [
        table('articles', { ...base, ...versions }, (c) => [references(c.previous_id, c.id), version(c)]),
      ],
      after: () => [
        table('articles', { ...required, ...versions }, (c) => [references(c.previous_id, c.id), version(c)]),
      ],
      options: fills,
      detail: 'versioned',
    },
    'a copy of an audited table': {
      before: () => {
        const into = trail();
        return [into, table('articles', base, () => [audited({ into })])];
      },
      after: () => {
        const into = trail();
        return [into, table('articles', renamed, () => [audited({ into })])];
      },
      options: renames,
      detail: '',
    },
    'a column of a guarantee': {
      before: () => [
        table('articles', { ...others, state: z.enum(['open', 'closed']) }, (c) => [
          lifecycle(c.state, { open: ['closed'] }, { initial: 'open' }),
        ]),
      ],
      after: () => [
        table('articles', { ...others, status: z.enum(['open', 'closed']) }, (c) => [
          lifecycle(c.status, { open: ['closed'] }, { initial: 'open' }),
        ]),
      ],
      options: { renames: { articles: { status: 'state' } } },
      detail: '',
    },
    'an encrypted column': {
      before: () => {
        const ring = keys();
        return [
          ring,
          table('articles', { ...others, title: ciphertext(z.string()).nullable() }, (c) => [
            encrypted({ scope: c.owner_id, keys: ring }),
          ]),
        ];
      },
      after: () => {
        const ring = keys();
        return [
          ring,
          table('articles', { ...others, title: ciphertext(z.string()) }, (c) => [
            encrypted({ scope: c.owner_id, keys: ring }),
          ]),
        ];
      },
      options: { fills: { 'articles.title': "''" } },
      detail: '',
    },
  };

  test.each(
    Object.entries(refusals).flatMap(([name, refusal]) =>
      dialects.filter((of) => refusal.on?.includes(of) !== false).map((of) => [name, of, refusal] as const),
    ),
  )('%s (%s)', async (_, of, { before, after, options, detail }) => {
    await newStep(shop(...before()), folder.url, 'initial', { engines: [of] });
    await expect(
      newExpansion(shop(...after()), folder.url, 'change', { engines: [of], ...options }),
    ).rejects.toMatchObject({ code: 'expansion-refused', detail: expect.stringContaining(detail) });
    expect(await stepsOf()).toEqual(['0001_initial']);
  });

  test('a value for a column that does not change', async () => {
    await newStep(shop(table('articles', base)), folder.url, 'initial', { engines: ['sqlite'] });
    await expect(
      newExpansion(shop(table('articles', required)), folder.url, 'change', {
        engines: ['sqlite'],
        fills: { ...fills.fills, 'articles.other': '1' },
      }),
    ).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('articles.other') });
    expect(await stepsOf()).toEqual(['0001_initial']);
  });

  test('the files say what they are', async () => {
    await newStep(shop(table('articles', base)), folder.url, 'initial');
    await newExpansion(shop(table('articles', renamed)), folder.url, 'change', renames);
    const text = (step: string, file: string) => readFile(join(folder.path, step, file), 'utf8');
    expect(await text('0003_change_fill', 'up.postgres.sql')).toContain('-- ashlar: batches\n');
    expect(await text('0004_change_contract', 'up.sqlite.sql')).toContain('-- ashlar: contract\n');
    expect(await text('0003_change_fill', 'down.sqlite.sql')).toContain('nothing to do here');
  });
});

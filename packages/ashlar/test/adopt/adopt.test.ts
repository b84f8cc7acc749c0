import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { System } from 'ashlar';
import { type Adoption, adopt } from 'ashlar/adopt';
import { type Engine, openEngine } from 'ashlar/extend';
import { drift, history, stamp, up } from 'ashlar/migrations';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { engines, type Place, sqlOf } from '../../../../test/support/engines.js';

const here = fileURLToPath(new URL('.', import.meta.url));

describe.each(engines)('adopt on $name', (kind) => {
  const dialect = sqlOf(kind);
  let place: Place;
  let engine: Engine;
  beforeEach(async () => {
    place = await kind.place();
    engine = await openEngine({ url: place.url, key: place.key });
  });
  afterEach(async () => {
    await engine.close();
    await place.remove();
  });

  const schemaOf = () => engine.asOwner((owner) => engine.introspect(owner));
  const run = (sql: string) => engine.asOwner((owner) => owner.script(sql));

  // the files that a run writes: they are compiled with the tests
  const compared = async ({ files }: Adoption, folder: string): Promise<void> => {
    for (const { path, text } of files) await expect(text).toMatchFileSnapshot(join(here, folder, path));
  };

  test.each(['chinook', 'northwind'])(
    'takes over %s: the step makes it, stamp accepts it, nothing differs',
    async (name) => {
      await run(await readFile(join(here, 'schemas', `${name}.${dialect}.sql`), 'utf8'));
      const before = await schemaOf();
      const adoption = await adopt(engine, { name });
      expect(await schemaOf()).toEqual(before);
      const folder = `adopted/${name}-${dialect}`;
      await compared(adoption, folder);
      const { report } = adoption;
      expect(report.tables.filter(({ declared }) => !declared)).toEqual(
        name === 'northwind' && dialect === 'sqlite'
          ? [{ name: 'Order Details', declared: false, reason: 'no declaration can have this name' }]
          : [],
      );
      const shop = (
        (await import(/* @vite-ignore */ join(here, folder, 'tables.ts'))) as Record<string, System>
      )[name] as System;
      expect(Object.keys(shop.tables)).toHaveLength(report.tables.filter(({ declared }) => declared).length);
      expect(await stamp(engine, shop, 'head')).toEqual(['0001_baseline']);
      expect(await drift(engine, shop)).toEqual([]);
      expect(await up(engine, shop)).toEqual([]);
      await expect(adopt(engine, { name })).rejects.toMatchObject({ code: 'state-conflict' });
      // a new database is made by the step
      const other = await kind.place();
      const fresh = await openEngine({ url: other.url, key: other.key });
      try {
        await up(fresh, shop);
        expect((await history(fresh, shop)).map(({ step }) => step)).toEqual(['0001_baseline']);
        const made = await fresh.asOwner((owner) => fresh.introspect(owner));
        expect(fresh.dialect.changes(made, before, [], {})).toEqual([]);
      } finally {
        await fresh.close();
        await other.remove();
      }
    },
    120_000,
  );

  test('what no declaration can say stays, and is reported with the reason', async () => {
    await run(
      dialect === 'sqlite'
        ? `CREATE TABLE "two words" (id INTEGER PRIMARY KEY);
           CREATE TABLE keyless (note TEXT);
           CREATE TABLE odd (id INTEGER PRIMARY KEY, price NUMERIC, thing, twice INT AS (id * 2), name TEXT COLLATE NOCASE NOT NULL DEFAULT (hex(1)),
             note TEXT NOT NULL DEFAULT (hex(1)), at DATETIME DEFAULT CURRENT_TIMESTAMP, half NUMERIC(6, 2) DEFAULT 0.5);
           CREATE TABLE _prisma_migrations (id TEXT PRIMARY KEY);
           CREATE INDEX odd_lower ON odd (lower(note));`
        : `CREATE DOMAIN year AS integer CHECK (VALUE > 1900);
           CREATE TYPE mood AS ENUM ('calm', 'it''s odd');
           CREATE TABLE "two words" (id integer PRIMARY KEY);
           CREATE TABLE keyless (note text);
           CREATE TABLE odd (id serial PRIMARY KEY, price numeric, thing tsvector NOT NULL, twice integer GENERATED ALWAYS AS (1 + 1) STORED, made year,
             note text NOT NULL DEFAULT lower('X'), at timestamp DEFAULT now(), half numeric(6, 2) DEFAULT 0.5, mood mood DEFAULT 'it''s odd', count bigserial);
           CREATE TABLE months (id integer, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
           CREATE TABLE months_1 PARTITION OF months FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
           CREATE VIEW of_months AS SELECT id FROM months;
           CREATE AGGREGATE joined (text) (SFUNC = textcat, STYPE = text);
           CREATE TABLE _prisma_migrations (id text PRIMARY KEY);
           CREATE INDEX odd_lower ON odd (lower(note));`,
    );
    const { files, report } = await adopt(engine, { name: 'shop' });
    expect(report.leftOut).toEqual(['_prisma_migrations']);
    const reasons = Object.fromEntries(report.tables.map(({ name, reason }) => [name, reason]));
    expect(reasons).toEqual({
      odd: null,
      keyless: 'the table has no primary key',
      'two words': 'no declaration can have this name',
      ...(dialect === 'postgres' && {
        months: 'partitioned by another program, so it is not in the step either',
      }),
    });
    const columns = Object.fromEntries(
      report.columns.map(({ column, as, mark, reason }) => [column, as ?? reason ?? mark]),
    );
    expect(columns).toMatchObject({
      id: 'autoincrement',
      price: expect.stringContaining('a number without digits'),
      thing: expect.stringContaining('no declaration has this type'),
      twice: expect.stringContaining('computed by the database'),
      note: 'text',
      at: 'timestamp',
      half: 'decimal',
      ...(dialect === 'sqlite'
        ? { name: expect.stringContaining('compares without case') }
        : {
            made: expect.stringContaining('a domain'),
            mood: 'enum',
            count: expect.stringContaining('not the key'),
          }),
    });
    expect(report.columns.find(({ column }) => column === 'note')?.reason).toContain('its default');
    expect(report.columns.find(({ column }) => column === 'at')?.mark).toContain('in which zone');
    if (dialect === 'postgres') {
      expect(report.columns.find(({ column }) => column === 'thing')?.reason).toContain(
        'no row can be inserted',
      );
      expect(report.unseen).toEqual([
        { type: 'aggregate', name: 'joined(text)' },
        { type: 'partition', name: 'months_1' },
        { type: 'view', name: 'of_months' },
      ]);
    }
    expect(report.kept).toContainEqual({ type: 'index', name: 'odd_lower', on: 'odd' });
    const text = files.find(({ path }) => path === 'tables.ts')?.text ?? '';
    expect(text).toContain("half: decimal(6, 2).nullable().default('0.50')");
    if (dialect === 'postgres')
      expect(text).toContain(`mood: z.enum(['calm', 'it\\'s odd']).nullable().default('it\\'s odd')`);
  });

  test('refuses a database without a table to declare; takes some of the tables', async () => {
    await expect(adopt(engine, { name: 'shop' })).rejects.toMatchObject({ code: 'adopt-empty', exitCode: 2 });
    await run('CREATE TABLE notes (id integer PRIMARY KEY); CREATE TABLE others (id integer PRIMARY KEY)');
    await expect(adopt(engine, { name: 'shop', tables: ['note'] })).rejects.toMatchObject({ code: 'usage' });
    const { report } = await adopt(engine, { name: 'shop', tables: ['notes'] });
    expect(report.tables.map(({ name }) => name)).toEqual(['notes']);
  });
});

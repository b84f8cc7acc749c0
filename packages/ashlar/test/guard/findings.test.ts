import { bigint, primaryKey, references, type Tables } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { appendOnly, audited, auditTrail, ledgered, scoped } from 'ashlar/guarantees';
import { changedMeanwhile, external, guard, native } from 'ashlar/guard';
import { openLedger, verifyLedger } from 'ashlar/ledger';
import { newStep, up } from 'ashlar/migrations';
import { proveData } from 'ashlar/prove';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { oneOfEach, withRoles } from '../../../../test/support/engines.js';
import { checkGuard } from '../../src/guard/check.js';
import { restoreGuard } from '../../src/guard/restore.js';
import { type Folder, makeFolder } from '../migrations/folder.js';
import { type Guarded, guardUp, makeGuarded, openTool } from './support.js';

const trail = auditTrail('trail', (c) => [scoped(c.scope)]);
const orgs = external('orgs', { id: z.int() }, (c) => [primaryKey(c.id)]);
type Action = 'cascade' | 'set null' | 'set default';
type Event = 'delete' | 'update';

const things = external('things', { id: z.int(), org: z.int().nullable() }, (c) => [primaryKey(c.id)]);
const linked = (on: { onDelete?: Action; onUpdate?: Action }) =>
  external('things', { id: z.int(), org: z.int().nullable() }, (c) => [
    primaryKey(c.id),
    references(c.org, () => orgs.columns.id, on),
  ]);
const withTrail = (table: typeof things) => ({
  trail,
  orgs,
  things: table.guarded(() => [audited({ into: trail, acrossScopes: true })]),
});

describe.each(oneOfEach(import.meta.url).withRoles)('foreign keys of the tool on $name', (engine) => {
  let folder: Folder;
  beforeAll(async () => {
    folder = await makeFolder();
    await newStep(guard('shop', { tables: withTrail(things), migrations: folder.url }), folder.url, 'guard', {
      engines: ['postgres'],
    });
  });
  afterAll(() => folder.remove());

  const matrix = (['delete', 'update'] as const).flatMap((event) =>
    (['cascade', 'set null', 'set default'] as const).map((action) => ({ event, action })),
  );
  test('an action that is not declared is named, for each action, and one that is declared is not', async () => {
    const shop = guard('shop', { tables: withTrail(things), migrations: folder.url });
    const { engine: opened, place } = await openTool(
      engine,
      shop,
      'CREATE TABLE public.orgs (id int PRIMARY KEY); CREATE TABLE public.things (id int PRIMARY KEY, org int REFERENCES public.orgs (id))',
    );
    try {
      await up(opened, shop);
      expect(await checkGuard(opened, shop)).toEqual([]);
      for (const { event, action } of matrix as readonly { event: Event; action: Action }[]) {
        await opened.asOwner((owner) =>
          owner.script(`ALTER TABLE public.things DROP CONSTRAINT things_org_fkey;
            ALTER TABLE public.things ADD CONSTRAINT things_org_fkey FOREIGN KEY (org) REFERENCES public.orgs (id) ON ${event} ${action}`),
        );
        const line = expect.objectContaining({
          kind: 'table',
          found: expect.stringContaining(
            `things_org_fkey of things has ON ${event.toUpperCase()} ${action.toUpperCase()}`,
          ),
        });
        expect(await checkGuard(opened, shop)).toContainEqual(line);
        await expect(up(opened, shop)).rejects.toMatchObject({ code: 'guard-refused' });
        const declared = linked(event === 'delete' ? { onDelete: action } : { onUpdate: action });
        const other = guard('shop', { tables: withTrail(declared as never), migrations: folder.url });
        expect(await checkGuard(opened, other)).not.toContainEqual(line);
      }
      // a row that breaks a foreign key of the tool may have done so before the guard was down
      await opened.asOwner((owner) =>
        owner.script(
          'ALTER TABLE public.things DROP CONSTRAINT things_org_fkey; INSERT INTO public.things VALUES (1, 99)',
        ),
      );
      const declared = guard('shop', { tables: withTrail(linked({}) as never), migrations: folder.url });
      expect((await proveData(opened, declared)).findings).toMatchObject([{ guarantee: 'declaration' }]);
      expect(await changedMeanwhile(opened, declared)).toEqual([]);
    } finally {
      await opened.close();
      await place.remove();
    }
  });
});

describe.each(withRoles)('a guard on $name', (engine) => {
  let guarded: Guarded;
  beforeEach(async () => {
    guarded = await makeGuarded(engine);
  });
  afterEach(() => guarded.close());

  const functions = () =>
    guarded.read(
      `SELECT proname::text AS name, prosrc AS source, proconfig::text AS settings, prosecdef AS owners FROM pg_proc WHERE pronamespace = 'ashlar'::regnamespace ORDER BY 1`,
    );

  test('no function that runs as the owner, or sets a path, searches the tool’s schema', async () => {
    // those of every database of Ashlar name the schema of each function and each operator
    const own = (await functions()).filter(({ name }) => !String(name).startsWith('ashlar_'));
    expect(own.length).toBeGreaterThan(15);
    for (const { name, settings } of own) {
      expect(String(settings), String(name)).toMatch(/search_path=pg_catalog(, ashlar)?, pg_temp/);
      expect(String(settings), String(name)).not.toContain('public');
    }
  });

  test('an operator of the tool’s schema that matches better is not called', async () => {
    await guarded.tool(`
      CREATE FUNCTION public.caught(bigint, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE 'caught'; END $$;
      CREATE OPERATOR public.= (LEFTARG = bigint, RIGHTARG = text, FUNCTION = public.caught);
      CREATE FUNCTION public.concat(text, uuid, text, text, text, text, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'caught'; END $$;
      CREATE FUNCTION public.jsonb_build_object(text, text) RETURNS jsonb LANGUAGE plpgsql AS $$ BEGIN RAISE 'caught'; END $$
    `);
    await guarded.tool(`INSERT INTO facts (id, leaf_key) VALUES (11, 'x'); UPDATE "Order" SET total = 3`);
    guarded.engine.register(Object.values(guarded.shop.tables));
    await guarded.engine.seal?.();
  });

  test('an older checkout is refused before it restores anything', async () => {
    const { tables: all } = guarded.shop;
    const newer = guard('shop', {
      tables: { ...all, orgs: (all.orgs as typeof orgs).guarded(() => [appendOnly()]) } as Tables,
      migrations: guarded.folder.url,
    });
    const step = await newStep(newer, guarded.folder.url, 'newer', { engines: ['postgres'] });
    await up(guarded.engine, newer);
    await guarded.tool(`DROP TRIGGER events_append_only_update ON events`);
    const before = await functions();
    await guarded.folder.drop(step?.name ?? '');
    await expect(restoreGuard(guarded.engine, guarded.shop, { actor: 'test' })).rejects.toMatchObject({
      code: 'migration-missing',
    });
    // an edited step is one of another checkout, too
    await guarded.folder.write({ [`${step?.name}/up.postgres.sql`]: 'SELECT 1' });
    await expect(restoreGuard(guarded.engine, newer, { actor: 'test' })).rejects.toMatchObject({
      code: 'migration-changed',
    });
    expect(await functions()).toEqual(before);
    expect(await guarded.read(`SELECT 1 FROM pg_trigger WHERE tgname = 'events_append_only_update'`)).toEqual(
      [],
    );
  });

  test('a second guard has no place in the schema of the first, whatever it does', async () => {
    const folder = await makeFolder();
    const letters = external('letters', { id: z.uuid() }, (c) => [primaryKey(c.id)]).guarded(() => [
      appendOnly(),
    ]);
    const other = guard('post', { tables: { letters }, migrations: folder.url });
    await newStep(other, folder.url, 'guard', { engines: ['postgres'] });
    const engineOfOther =
      engine.name === 'pglite'
        ? guarded.engine
        : await openEngine({ url: guarded.url, guards: other.guards });
    const refused = expect.objectContaining({
      code: 'guard-refused',
      message: expect.stringContaining('the objects of shop'),
    });
    const before = await functions();
    await expect(up(engineOfOther, other)).rejects.toEqual(refused);
    await expect(checkGuard(engineOfOther, other)).rejects.toEqual(refused);
    expect(await functions()).toEqual(before);
    if (engineOfOther !== guarded.engine) await engineOfOther.close();
    await folder.remove();
  });

  test.each([
    [
      'dropped and made again with other values',
      `CREATE TABLE public.copy (LIKE public.TABLE INCLUDING ALL);
      INSERT INTO public.copy SELECT * FROM public.TABLE; UPDATE public.copy SET SET; DROP TABLE public.TABLE CASCADE; ALTER TABLE public.copy RENAME TO TABLE`,
    ],
    [
      'changed while its triggers were off',
      'ALTER TABLE public.TABLE DISABLE TRIGGER USER; UPDATE public.TABLE SET SET',
    ],
    [
      'emptied while its triggers were off',
      'ALTER TABLE public.TABLE DISABLE TRIGGER USER; DELETE FROM public.TABLE',
    ],
  ])('a table that was %s is restored, and its rows are named', async (_, sql) => {
    guarded.engine.register(Object.values(guarded.shop.tables));
    await guarded.tool(`UPDATE "Order" SET total = 1; UPDATE events SET seen = now()`);
    await guarded.engine.seal?.();
    expect(await changedMeanwhile(guarded.engine, guarded.shop)).toEqual([]);
    for (const [table, set] of [
      ['"Order"', 'total = total + 1'],
      ['facts', `leaf_key = 'other'`],
    ] as const)
      await guarded.tool(
        sql
          .replaceAll('public.TABLE', `public.${table}`)
          .replaceAll('TO TABLE', `TO ${table}`)
          .replaceAll('SET SET', `SET ${set}`),
      );
    expect((await guardUp(guarded)).length).toBeGreaterThan(0);
    const found = (await changedMeanwhile(guarded.engine, guarded.shop)).join('\n');
    expect(found).toMatch(/Order|changes, audited/);
    expect(found).toMatch(/ledger \S*facts/);
    expect(await guardUp(guarded)).toEqual([]);
    expect(await checkGuard(guarded.engine, guarded.shop)).toEqual([]);
  });
});

describe.each(oneOfEach(import.meta.url).withRoles)('texts of the tool’s types on $name', (engine) => {
  test('do not depend on the settings of the role that writes or seals', async () => {
    const folder = await makeFolder();
    const types = {
      span: 'interval',
      day: 'date',
      days: 'daterange',
      times: 'tstzrange',
      moment: 'timestamp with time zone',
      moments: 'timestamp with time zone[]',
      raw: 'bytea[]',
      float: 'double precision[]',
    };
    const columns = Object.fromEntries(Object.entries(types).map(([name, type]) => [name, native(type)]));
    const table = external('odd', { id: bigint(), ...columns }, (c) => [primaryKey(c.id as never)]).guarded(
      () => [appendOnly(), ledgered(), audited({ into: trail, acrossScopes: true })],
    );
    const shop = guard('shop', { tables: { trail, odd: table }, migrations: folder.url });
    await newStep(shop, folder.url, 'guard', { engines: ['postgres'] });
    const list = Object.entries(types).map(([name, type]) => `${name} ${type} NOT NULL`);
    const { engine: opened, place } = await openTool(
      engine,
      shop,
      `CREATE TABLE public.odd (id bigint PRIMARY KEY, ${list.join(', ')})`,
    );
    try {
      await up(opened, shop);
      opened.register(Object.values(shop.tables));
      const insert = (id: number) =>
        `INSERT INTO odd VALUES (${id}, '1 year 2 days 03:04:05', '2026-02-03', '[2026-02-03,2026-03-04)', '[2026-02-03 04:05:06+00,)', '2026-02-03 04:05:06+00', '{2026-02-03 04:05:06+00}', ARRAY['\\x00ff'::bytea], '{0.1,0.30000000000000004}');`;
      const settings = `SET LOCAL "DateStyle" = 'SQL, DMY'; SET LOCAL "IntervalStyle" = 'postgres_verbose'; SET LOCAL "TimeZone" = 'Asia/Kolkata'; SET LOCAL bytea_output = 'escape'; SET LOCAL extra_float_digits = 0;`;
      await opened.asOwner((owner) => owner.atomically(() => owner.script(insert(1))));
      await opened.seal?.();
      await opened.asOwner((owner) => owner.atomically(() => owner.script(`${insert(2)} ${settings}`)));
      await opened.asOwner((owner) =>
        owner.atomically(async () => {
          await owner.script(settings);
          await owner.script(insert(3));
          await owner.script('SELECT odd_ledger_seal()');
        }),
      );
      await opened.seal?.();
      const { problems, size } = await verifyLedger(openLedger(opened, shop, shop.tables.odd), {
        full: true,
      } as never);
      expect({ problems, size }).toEqual({ problems: [], size: 3 });
      const rows = await opened.asOwner((owner) =>
        owner.run(`SELECT count(DISTINCT after - 'id')::int AS n FROM trail`),
      );
      expect(rows).toEqual([{ n: 1 }]);
      expect(await changedMeanwhile(opened, shop)).toEqual([]);
    } finally {
      await opened.close();
      await place.remove();
      await folder.remove();
    }
  });

  test('money has no ledger', () => {
    expect(() =>
      external('odd', { id: bigint(), price: native('money') }, (c) => [primaryKey(c.id)]).guarded(() => [
        appendOnly(),
        ledgered(),
      ]),
    ).toThrow(expect.objectContaining({ code: 'guard-refused' }));
  });
});

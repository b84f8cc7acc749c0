import { readFile } from 'node:fs/promises';
import { id, references, system, type Table, table, unique } from 'ashlar';
import { appendOnly } from 'ashlar/guarantees';
import { testDatabase } from 'ashlar/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { oneOfEach } from '../../../../test/support/engines.js';
import { runWalk, type Walk, writeWalk } from './walk.js';

const { engines } = oneOfEach(import.meta.url);

const someId = (n: number) => `018f0000-0000-7000-8000-00000000000${n}`;

const teams = table('teams', { id: id(), name: z.string().max(50), lead_id: z.uuid().nullable() }, (c) => [
  references(c.lead_id, () => people.columns.id),
]);
const people = table('people', { id: id(), team_id: z.uuid() }, (c) => [
  references(c.team_id, teams.columns.id),
]);

// a circle of three, one key of which has two columns
const orders = table('orders', { id: id(), line_id: z.uuid().nullable() }, (c) => [
  references(c.line_id, () => lines.columns.id),
]);
const items = table('items', { id: id(), code: z.string().max(20), order_id: z.uuid().nullable() }, (c) => [
  unique(c.id, c.code),
  references(c.order_id, orders.columns.id),
]);
const lines = table('lines', { id: id(), item_id: z.uuid().nullable(), code: z.string().nullable() }, (c) => [
  references([c.item_id, c.code], [items.columns.id, items.columns.code]),
]);

const other = table('other', { id: id() });

describe('tables that refer to one another', () => {
  let walk: Walk;
  beforeAll(async () => {
    walk = await writeWalk({ teams, people }, { teams, people, orders, items, lines }, { other });
  });
  afterAll(() => walk.remove());

  test('are created and dropped by generated steps', () => {
    expect(walk.summaries[0]).toEqual({
      sqlite: ['teams: create table', 'people: create table'],
      postgres: ['teams: create table', 'people: create table', 'teams: add foreign key teams_lead_id_fkey'],
    });
    expect(walk.summaries[2]?.postgres?.slice(0, 2)).toEqual([
      'lines: drop foreign key lines_item_id_code_fkey',
      'teams: drop foreign key teams_lead_id_fkey',
    ]);
  });

  test.each(engines)('keep their foreign keys on $name, up and down', async (engine) => {
    await runWalk(engine, walk, async (db, step, way) => {
      if (step > 1 || way === 'down') return;
      if (step === 0) {
        await db.session({}, async (s) => {
          await s.insert(teams, { id: someId(1), name: 'red', lead_id: null });
          await s.insert(people, { id: someId(2), team_id: someId(1) });
          await s.update(teams, someId(1), { lead_id: someId(2) });
        });
      }
      await expect(
        db.session({}, (s) => s.update(teams, someId(1), { lead_id: someId(3) })),
      ).rejects.toMatchObject({
        code: 'foreign-key-violation',
        facts: { table: 'teams', columns: ['lead_id'], constraint: 'teams_lead_id_fkey' },
      });
      await expect(db.session({}, (s) => s.delete(people, someId(2)))).rejects.toMatchObject({
        code: 'foreign-key-violation',
        facts: { table: 'teams', columns: ['lead_id'], constraint: 'teams_lead_id_fkey' },
      });
    });
  });

  test.each(engines)('are in a test database on $name', async (engine) => {
    const place = await engine.place();
    const shop = system('shop', {
      tables: { teams, people, orders, items, lines },
      migrations: new URL('migrations/', walk.folder.url),
    });
    const url = engine.name === 'postgres' ? place.url : engine.name;
    const db = await testDatabase(shop, { url });
    await db.session({}, async (s) => {
      await s.insert(teams, { id: someId(1), name: 'red', lead_id: null });
      await s.insert(people, { id: someId(2), team_id: someId(1) });
    });
    await db.close();
    await place.remove();
  });
});

describe('a foreign key to a table that is declared later', () => {
  const migrations = new URL('file:///none/');
  const failure = (make: () => unknown) => {
    try {
      return make();
    } catch (error) {
      return error;
    }
  };

  test('is refused with the system, where it names no column, no key or too few columns', () => {
    const refused = (target: () => unknown) =>
      failure(() =>
        system('shop', {
          tables: {
            one: table('one', { id: id(), two_id: z.uuid() }, (c) => [references(c.two_id, target)]) as Table,
            people: people as Table,
            teams: teams as Table,
          },
          migrations,
        }),
      );
    const suggestion = 'Give the columns of one table: references(c.job_id, jobs.columns.id).';
    for (const target of [() => people, () => undefined, () => [people.columns.id, teams.columns.id]])
      expect(refused(target)).toMatchObject({ code: 'table-invalid', suggestion });
    expect(refused(() => [people.columns.id, people.columns.team_id])).toMatchObject({
      code: 'table-invalid',
      message: 'Table one: the foreign key of two_id has 2 target columns.',
    });
    expect(refused(() => people.columns.team_id)).toMatchObject({
      code: 'table-invalid',
      message: 'Table one: the foreign key of two_id refers to people (team_id), which is no key.',
      facts: { table: 'one', columns: ['two_id'], constraint: 'one_two_id_fkey' },
    });
  });

  test('is refused where a guarantee needs it before the table is declared', () => {
    const error = failure(() => {
      const notes = table('notes', { id: id(), book_id: z.uuid() }, (c) => [
        references(c.book_id, () => books.columns.id, { onDelete: 'cascade' }),
        appendOnly({ cascade: c.book_id }),
      ]);
      const books = table('books', { id: id() });
      return [notes, books];
    });
    expect(error).toMatchObject({
      code: 'table-invalid',
      message: 'Table notes: the target of the foreign key of book_id is not declared yet.',
    });
  });
});

describe('required keys in a circle', () => {
  const circle = (deferrable: boolean, more: boolean) => {
    const column = more ? { more: z.int().default(1) } : {};
    const ships = table('ships', { id: id(), captain_id: z.uuid(), ...column }, (c) => [
      references(c.captain_id, () => captains.columns.id, { deferrable }),
    ]);
    const captains = table('captains', { id: id(), ship_id: z.uuid(), text: z.string() }, (c) => [
      references(c.ship_id, ships.columns.id, { deferrable }),
    ]);
    return { ships, captains };
  };
  const header = async (deferrable: boolean) => {
    const walk = await writeWalk(circle(deferrable, false), circle(deferrable, true));
    const files = ['sqlite', 'postgres'].map((dialect) =>
      readFile(new URL(`migrations/0002_step_2/up.${dialect}.sql`, walk.folder.url), 'utf8'),
    );
    const texts = await Promise.all(files);
    await walk.remove();
    return texts;
  };

  test('that are deferred get rows in the trial of a step', async () => {
    for (const text of await header(true)) expect(text).not.toContain('tried without rows');
  });

  test('that are checked at once can have no rows, and the step says so', async () => {
    for (const text of await header(false))
      expect(text).toMatch(/^-- tried without rows: (captains, ships|ships, captains)$/m);
  });

  test.each(engines)(
    'that are deferred: a conversion of a column is tried with rows, on $name',
    async (engine) => {
      const make = (kind: 'text' | 'integer') => {
        const ships = table('ships', { id: id(), captain_id: z.uuid() }, (c) => [
          references(c.captain_id, () => captains.columns.id, { deferrable: true }),
        ]);
        const captains = table(
          'captains',
          { id: id(), ship_id: z.uuid(), size: kind === 'text' ? z.string() : z.int() },
          (c) => [references(c.ship_id, ships.columns.id, { deferrable: true })],
        );
        return { ships, captains };
      };
      const walk = await writeWalk(make('text'), make('integer'));
      await runWalk(engine, walk);
      await walk.remove();
    },
  );
});

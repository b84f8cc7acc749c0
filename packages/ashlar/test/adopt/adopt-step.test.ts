import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { column, primaryKey, type System, system, table, timestamp } from 'ashlar';
import { adopt } from 'ashlar/adopt';
import { type Engine, openEngine } from 'ashlar/extend';
import { audited, auditTrail } from 'ashlar/guarantees';
import {
  type AdoptStepOptions,
  adoptStep,
  checkMigrations,
  down,
  drift,
  newStep,
  plan,
  stamp,
  status,
  up,
} from 'ashlar/migrations';
import { prove } from 'ashlar/prove';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { oneOfEach, type Place, sqlOf } from '../../../../test/support/engines.js';
import { type Folder, makeFolder } from '../migrations/folder.js';
import { type ForeignPair, postgresPairs, postgresTypes, sqlitePairs } from './foreign-pairs.js';

const { engines } = oneOfEach(import.meta.url);

describe.each(engines)('migrate adopt on $name', (kind) => {
  const dialect = sqlOf(kind);
  const all = dialect === 'sqlite' ? sqlitePairs : postgresPairs;
  let place: Place;
  let engine: Engine;
  let folder: Folder;
  beforeEach(async () => {
    place = await kind.place();
    engine = await openEngine({ url: place.url, key: place.key });
    folder = await makeFolder();
  });
  afterEach(async () => {
    await engine.close();
    await place.remove();
    await folder.remove();
  });

  const run = (sql: string) => engine.asOwner((owner) => owner.script(sql));
  const read = (sql: string) => engine.asOwner((owner) => owner.run(sql));
  const schemaOf = () => engine.asOwner((owner) => engine.introspect(owner));
  const files = { up: `up.${dialect}.sql`, down: `down.${dialect}.sql` };

  /** The database as it is, recorded as the first step of a system with the given tables. */
  const takenOver = async (tables: System['tables']): Promise<System> => {
    const { files: written } = await adopt(engine, { name: 'shop', scan: false });
    await folder.write(
      Object.fromEntries(
        written.flatMap(({ path, text }) =>
          path.startsWith('migrations/') ? [[path.slice('migrations/'.length), text]] : [],
        ),
      ),
    );
    const shop = system('shop', { tables, migrations: folder.url });
    await stamp(engine, shop, 'head');
    return shop;
  };
  const formOf = (shop: System, options: AdoptStepOptions = {}) =>
    adoptStep(engine, shop, folder.url, 'form', { engines: [dialect], ...options });

  const nameOf = (at: number): string => `c${at}`;
  const madeWith = async (pairs: readonly ForeignPair[]): Promise<System> => {
    if (dialect === 'postgres') await run(postgresTypes);
    const columns = pairs.map(({ type }, at) => `${nameOf(at)} ${type}`);
    await run(`CREATE TABLE things (id integer PRIMARY KEY, ${columns.join(', ')})`);
    return takenOver({
      things: table(
        'things',
        {
          id: z.int(),
          ...Object.fromEntries(pairs.map(({ declared }, at) => [nameOf(at), declared.nullable()])),
        },
        (c) => [primaryKey(c.id)],
      ),
    });
  };
  const fill = async (pairs: readonly ForeignPair[]): Promise<void> => {
    for (let row = 0; row < Math.max(...pairs.map(({ kept }) => kept.length)); row++) {
      const values = pairs.map(({ kept }) => kept[row]?.[0] ?? 'NULL');
      await run(`INSERT INTO things VALUES (${row}, ${values.join(', ')})`);
    }
  };
  const stored = async (pairs: readonly ForeignPair[]): Promise<readonly unknown[]> => {
    const list = pairs.map((_, at) => `${engine.dialect.proving.quoted(nameOf(at))} AS ${nameOf(at)}`);
    return read(`SELECT ${list.join(', ')} FROM things ORDER BY id`);
  };

  test.each([false, true])(
    'every foreign type becomes the declared kind with its values, and comes back (without a sample: %s)',
    async (unsampled) => {
      const pairs = all.filter((pair) => (pair.unsampled ?? false) === unsampled);
      const most = Math.max(...pairs.map(({ kept }) => kept.length));
      const shop = await madeWith(pairs);
      await fill(pairs);
      const [before, had] = [await schemaOf(), await stored(pairs)];
      const { found, step } = await formOf(shop, { zone: 'UTC' });
      expect(found).toBeUndefined();
      expect(step).toMatchObject({ name: '0002_form', marks: [] });
      const text = await readFile(join(step?.folder ?? '', files.up), 'utf8');
      expect(/^-- tried without rows: things$/m.test(text)).toBe(unsampled && dialect === 'postgres');
      expect((await up(engine, shop)).map(({ step: name }) => name)).toEqual(['0002_form']);
      const expected = Array.from({ length: most }, (_, row) =>
        Object.fromEntries(pairs.map(({ kept }, at) => [nameOf(at), kept[row]?.[1] ?? 'NULL'])),
      );
      expect(await stored(pairs)).toEqual(expected);
      expect(await drift(engine, shop)).toEqual([]);
      await checkMigrations(shop, dialect);
      expect((await prove(engine, shop)).ok).toBe(true);
      expect(await formOf(shop)).toEqual({ found: undefined, step: undefined });
      await down(engine, shop);
      expect(engine.dialect.changes(await schemaOf(), before, [], {})).toEqual([]);
      // the way back of a time is its text in the form of Ashlar
      if (dialect === 'postgres') expect(await stored(pairs)).toEqual(had);
    },
    120_000,
  );

  test('a value without an equal in the new form fails the step, and nothing changes', async () => {
    const pairs = all;
    const refusing = pairs.flatMap(({ refused = [] }, at) => refused.map((value) => ({ at, value })));
    expect(refusing.length).toBeGreaterThan(20);
    const shop = await madeWith(pairs);
    await formOf(shop, { zone: 'UTC' });
    for (const { at, value } of refusing) {
      await run(`INSERT INTO things (id, ${nameOf(at)}) VALUES (1, ${value})`);
      const had = await stored(pairs);
      const failed = await up(engine, shop).then(
        () => `${pairs[at]?.type} accepts ${value}`,
        (error: { code: string }) => error.code,
      );
      expect([pairs[at]?.type, value, failed]).toEqual([pairs[at]?.type, value, 'migration-failed']);
      expect(await stored(pairs)).toEqual(had);
      await run('DELETE FROM things');
    }
  }, 240_000);

  test('a step with marks runs by no command; without them it does', async () => {
    const marked = all.filter((pair) => pair.marked);
    const shop = await madeWith(marked);
    await fill(marked);
    const had = await stored(marked);
    const { step } = await formOf(shop);
    expect(step?.marks).toEqual(
      marked.map((_, at) => `things.${nameOf(at)}: a time without zone: in which zone was it written?`),
    );
    const text = await readFile(join(folder.path, '0002_form', files.up), 'utf8');
    for (const [at] of marked.entries()) expect(text).toContain(`/* fill things.${nameOf(at)} */`);
    const commands = {
      up: () => up(engine, shop),
      plan: () => plan(engine, shop),
      stamp: () => stamp(engine, shop, 'head'),
      unchecked: () => stamp(engine, shop, 'head', { unchecked: true }),
      down: () => down(engine, shop),
      check: () => checkMigrations(shop, dialect),
      new: () => newStep(shop, folder.url, 'more', { engines: [dialect] }),
      adopt: () => formOf(shop),
      drift: () => drift(engine, shop),
      status: () => status(engine, shop),
    };
    for (const [name, command] of Object.entries(commands)) {
      const code = await command().then(
        () => 'ran',
        (error: { code: string }) => error.code,
      );
      expect([name, code]).toEqual([name, 'migration-unfilled']);
    }
    expect(await stored(marked)).toEqual(had);
    for (const file of [files.up, files.down]) {
      const path = join(folder.path, '0002_form', file);
      const lines = (await readFile(path, 'utf8')).split('\n');
      await writeFile(path, lines.filter((line) => !line.startsWith('-- ashlar: fill')).join('\n'));
    }
    await up(engine, shop);
    expect(await drift(engine, shop)).toEqual([]);
    await checkMigrations(shop, dialect);
  }, 120_000);

  test('a conversion that no rule has is marked; a zone answers for times only, and SQLite knows UTC', async () => {
    const odd: readonly ForeignPair[] = [
      dialect === 'postgres'
        ? { type: 'text[]', declared: z.string(), kept: [] }
        : { type: 'LONGBLOB', declared: z.int(), kept: [] },
      {
        type: 'timestamp',
        declared: z.iso.datetime({ precision: 6 }),
        kept: [],
      },
      { type: 'timestamp', declared: timestamp(), kept: [] },
    ];
    const shop = await madeWith(odd);
    const marks = dialect === 'postgres' ? ['things.c0: no rule says what its values become'] : [];
    await expect(formOf(shop, { zone: 'Atlantis/Poseidonis' })).rejects.toMatchObject({ code: 'usage' });
    if (dialect === 'sqlite') {
      await expect(formOf(shop, { zone: 'Europe/Berlin' })).rejects.toMatchObject({ code: 'usage' });
      expect((await formOf(shop, { zone: 'UTC' })).step?.marks).toEqual(marks);
      return;
    }
    expect((await formOf(shop, { zone: 'Europe/Berlin' })).step?.marks).toEqual(marks);
    const path = join(folder.path, '0002_form');
    const text = await readFile(join(path, files.up), 'utf8');
    expect(text).toContain("AT TIME ZONE 'Europe/Berlin'");
    expect(text).not.toContain('/* fill things.c1 */');
    for (const file of [files.up, files.down]) {
      const written = await readFile(join(path, file), 'utf8');
      await writeFile(
        join(path, file),
        written
          .replace(/^-- ashlar: fill.*\n/gm, '')
          .replace(/NULL \/\* fill things.c0 \*\//, file === files.up ? 'c0::text' : 'c0::text[]'),
      );
    }
    await run(`INSERT INTO things VALUES (1, '{a,b}', '2024-07-01 12:00:00', '2024-07-01 12:00:00')`);
    await up(engine, shop);
    expect(await stored(odd)).toEqual([
      { c0: "'{a,b}'", c1: "'2024-07-01 10:00:00+00'", c2: "'2024-07-01 10:00:00+00'" },
    ]);
  }, 120_000);

  const people = (extra: Record<string, z.ZodType> = {}) =>
    table(
      'people',
      { id: z.int(), name: column(z.string().max(40), { name: 'Full Name' }), ...extra },
      (c) => [primaryKey(c.id)],
    );

  test('what was changed by hand becomes a step of its own, which stamp records', async () => {
    await run('CREATE TABLE people (id integer PRIMARY KEY, "Full Name" varchar(40) NOT NULL)');
    const shop = await takenOver({ people: people({ note: z.string().nullable() }) });
    await run(`ALTER TABLE people ADD COLUMN note ${dialect === 'sqlite' ? 'TEXT' : 'text COLLATE "C"'}`);
    await run('ALTER TABLE people ADD COLUMN other integer');
    await run('CREATE INDEX people_other ON people (other)');
    await run(`INSERT INTO people VALUES (1, 'Ann', 'a note', 5)`);
    const { found, step } = await formOf(shop);
    expect(found?.name).toBe('0002_form_found');
    expect(found?.differences.join('\n')).toContain('note');
    expect(step?.name).toBe('0003_form');
    expect(step?.kept).toEqual(['column people.other', 'index people_other']);
    await expect(up(engine, shop)).rejects.toMatchObject({ code: 'migration-failed' });
    await expect(formOf(shop)).rejects.toMatchObject({ code: 'usage' });
    expect(await stamp(engine, shop, '0002')).toEqual(['0002_form_found']);
    await up(engine, shop);
    expect(await drift(engine, shop)).toEqual([]);
    expect(await read('SELECT id, "Full Name" AS name, note, other FROM people')).toEqual([
      { id: 1, name: 'Ann', note: 'a note', other: 5 },
    ]);
    expect((await prove(engine, shop)).ok).toBe(true);
    // a new database gets the same by the steps
    const other = await kind.place();
    const fresh = await openEngine({ url: other.url, key: other.key });
    try {
      await up(fresh, shop);
      expect(await drift(fresh, shop)).toEqual([]);
    } finally {
      await fresh.close();
      await other.remove();
    }
    // a guarantee is then a step like any other
    const trail = auditTrail('trail');
    const kept = people({ note: z.string().nullable() });
    const guarded = system('shop', {
      tables: {
        people: table(
          'people',
          {
            id: z.int(),
            name: column(z.string().max(40), { name: 'Full Name' }),
            note: z.string().nullable(),
          },
          (c) => [primaryKey(c.id), audited({ into: trail })],
        ),
        trail,
      },
      migrations: folder.url,
    });
    expect(Object.keys(kept.columns)).toHaveLength(3);
    await newStep(guarded, folder.url, 'audited', { engines: [dialect] });
    await up(engine, guarded);
    expect((await prove(engine, guarded)).ok).toBe(true);
  }, 120_000);

  test('what names a converted column is made again: views, triggers, checks, indexes and undeclared columns stay', async () => {
    await run(
      dialect === 'sqlite'
        ? `CREATE TABLE people (id INTEGER PRIMARY KEY, "Full Name" NVARCHAR(40) NOT NULL, size NUMERIC CHECK (size > 0), any_thing,
             note VARCHAR(9) CONSTRAINT people_note CHECK (note <> 'no') CHECK (note <> 'never'), CHECK (length("Full Name") > 1));
           CREATE TABLE log (what TEXT);
           CREATE INDEX people_lower ON people (lower("Full Name"));
           CREATE VIEW names AS SELECT "Full Name" || '!' AS name FROM people;
           CREATE TRIGGER people_log AFTER INSERT ON people BEGIN INSERT INTO log VALUES (new."Full Name"); END;`
        : `CREATE TABLE people (id integer PRIMARY KEY, "Full Name" varchar(40) NOT NULL, size numeric CHECK (size > 0), any_thing tsvector,
             note varchar(9) CONSTRAINT people_note_check CHECK (note <> 'no') CHECK (note <> 'never'),
             loud text GENERATED ALWAYS AS (upper("Full Name")) STORED, CHECK (length("Full Name") > 1));
           CREATE TABLE log (what text);
           CREATE INDEX people_lower ON people (lower("Full Name"));
           CREATE VIEW names AS SELECT "Full Name" || '!' AS name FROM people;
           CREATE VIEW more_names AS SELECT name FROM names;
           CREATE FUNCTION write_log() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (new."Full Name"); RETURN new; END $$;
           CREATE TRIGGER people_log AFTER INSERT ON people FOR EACH ROW WHEN (new."Full Name" <> 'nobody') EXECUTE FUNCTION write_log();`,
    );
    await run(`INSERT INTO people (id, "Full Name", size) VALUES (1, 'Ann', 2.5)`);
    const shop = await takenOver({ people: people({ note: z.string().max(9).nullable() }) });
    const { step } = await formOf(shop);
    await up(engine, shop);
    expect(await drift(engine, shop)).toEqual([]);
    await run(`INSERT INTO people (id, "Full Name", size) VALUES (2, 'Bob', 3)`);
    expect(await read('SELECT name FROM names ORDER BY name')).toEqual([{ name: 'Ann!' }, { name: 'Bob!' }]);
    expect(await read('SELECT what FROM log ORDER BY what')).toEqual([{ what: 'Ann' }, { what: 'Bob' }]);
    expect(await read('SELECT CAST(size AS text) AS size FROM people ORDER BY id')).toEqual([
      { size: '2.5' },
      { size: '3' },
    ]);
    for (const [columns, values] of [
      ['id, "Full Name"', `3, 'x'`],
      ['id, "Full Name", size', `3, 'Cid', -1`],
      ['id, "Full Name", note', `3, 'Cid', 'no'`],
      ['id, "Full Name", note', `3, 'Cid', 'never'`],
      ['id, "Full Name", note', `3, 'Cid', 'longer text'`],
    ])
      await expect(run(`INSERT INTO people (${columns}) VALUES (${values})`)).rejects.toMatchObject({
        code: 'check-violation',
      });
    const text = await readFile(join(step?.folder ?? '', files.up), 'utf8');
    if (dialect === 'postgres') {
      expect(text).toContain('the rights on it that others have are lost');
      expect(await read('SELECT loud FROM people ORDER BY id')).toEqual([{ loud: 'ANN' }, { loud: 'BOB' }]);
    }
    const makers = (await schemaOf()).tables.find(({ name }) => name === 'people');
    expect(makers?.indexes.map(({ name }) => name)).toEqual(['people_lower']);
    // without taking over, the same is refused by name
    await down(engine, shop);
    await folder.drop('0002_form');
    await expect(newStep(shop, folder.url, 'form', { engines: [dialect] })).rejects.toMatchObject({
      code: 'conversion-unknown',
      suggestion: expect.stringContaining('migrate adopt'),
    });
  }, 120_000);

  test('without a step, and while steps wait, it says what comes first', async () => {
    await run('CREATE TABLE people (id integer PRIMARY KEY, "Full Name" varchar(40) NOT NULL)');
    const shop = system('shop', { tables: { people: people() }, migrations: folder.url });
    await expect(formOf(shop)).rejects.toMatchObject({
      code: 'usage',
      suggestion: expect.stringContaining('ashlar adopt'),
    });
    await takenOver({ people: people() });
    await formOf(shop);
    await expect(formOf(shop)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('0002_form'),
    });
  });
});

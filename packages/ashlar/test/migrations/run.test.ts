import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { oneOfEach, type Place } from '../../../../test/support/engines.js';
import type { Engine } from '../../src/contract/engine.js';
import { openEngine } from '../../src/engines/open.js';
import { down, drift, history, plan, stamp, up } from '../../src/migrations/index.js';
import { id, table } from '../../src/model/index.js';
import { type System, system } from '../../src/system/system.js';
import { type Folder, makeFolder } from './folder.js';

const { engines } = oneOfEach(import.meta.url);

const notes = table('notes', { id: id(), body: z.string() });

describe.each(engines)('migrations on $name', ({ place: newPlace }) => {
  let place: Place;
  let folder: Folder;
  let engine: Engine;
  let shop: System;

  beforeEach(async () => {
    place = await newPlace();
    folder = await makeFolder();
    engine = await openEngine({ url: place.url, key: place.key });
    shop = system('shop', { tables: { notes }, migrations: folder.url });
    await folder.step('0001_initial', 'CREATE TABLE notes (id int, body text);', 'DROP TABLE notes;');
    await folder.step(
      '0002_rows',
      "INSERT INTO notes VALUES (1, 'a;b');\nINSERT INTO notes VALUES (2, 'c');",
      'DELETE FROM notes;',
    );
  });

  afterEach(async () => {
    await engine.close();
    await place.remove();
    await folder.remove();
  });

  const rows = async (sql = 'SELECT body FROM notes ORDER BY id') => (await engine.read(sql, [])).rows;
  const applied = async () => (await history(engine, shop)).map(({ step }) => step);

  test('applies what is pending, records it, and changes nothing the second time', async () => {
    const seen: string[] = [];
    const ran = await up(engine, shop, { actor: "o'brien", onStep: ({ step }) => seen.push(step) });
    expect(ran.map(({ step }) => step)).toEqual(['0001_initial', '0002_rows']);
    expect(seen).toEqual(['0001_initial', '0002_rows']);
    expect(await rows()).toEqual([{ body: 'a;b' }, { body: 'c' }]);
    const [first] = await history(engine, shop);
    expect(first).toMatchObject({
      system: 'shop',
      step: '0001_initial',
      applied_by: "o'brien",
      checksum: expect.stringMatching(/^[0-9a-f]{64}$/),
      applied_at: expect.stringMatching(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      duration_ms: expect.any(Number),
    });
    expect(await up(engine, shop)).toEqual([]);
  });

  test('plan lists what up runs, up to a given step', async () => {
    const planned = await plan(engine, shop, { to: '1' });
    expect(planned.steps.map(({ step }) => step.name)).toEqual(['0001_initial']);
    expect((await up(engine, shop, { to: '1' })).map(({ step }) => step)).toEqual(['0001_initial']);
    expect(await plan(engine, shop)).toMatchObject({ head: '0001_initial', applied: 1 });
    await expect(plan(engine, shop, { to: '0009_none' })).rejects.toMatchObject({ code: 'usage' });
  });

  test('undoes a number of steps, or all after a given one, and updates the history', async () => {
    await up(engine, shop);
    expect((await down(engine, shop, { destroy: true })).map(({ step }) => step)).toEqual(['0002_rows']);
    expect(await rows()).toEqual([]);
    await up(engine, shop);
    expect((await down(engine, shop, { to: 'base', destroy: true })).map(({ step }) => step)).toEqual([
      '0002_rows',
      '0001_initial',
    ]);
    expect(await applied()).toEqual([]);
    expect((await up(engine, shop)).length).toBe(2);
  });

  test('undoes nothing when one of the steps cannot be undone', async () => {
    await folder.step('0003_forward', 'DELETE FROM notes WHERE id = 1;');
    await up(engine, shop);
    await expect(down(engine, shop, { steps: 3 })).rejects.toMatchObject({ code: 'migration-irreversible' });
    expect(await applied()).toHaveLength(3);
    await folder.step('0004_for_good', '-- ashlar: irreversible\nSELECT 1;', 'SELECT 1;');
    await up(engine, shop);
    await expect(down(engine, shop)).rejects.toMatchObject({ code: 'migration-irreversible' });
  });

  test('rolls back a step that fails, and names the statement', async () => {
    await folder.step(
      '0003_broken',
      "-- head\nINSERT INTO notes VALUES (3, 'd');\nINSERT INTO nowhere VALUES (1);",
    );
    await expect(up(engine, shop)).rejects.toMatchObject({
      code: 'migration-failed',
      message: `Step 0003_broken failed at statement 2 (line 3 of up.${engine.dialect.name}.sql).`,
      detail: expect.stringContaining('nowhere'),
    });
    expect(await applied()).toEqual(['0001_initial', '0002_rows']);
    expect(await rows()).toHaveLength(2);
    await folder.step('0003_broken', "INSERT INTO notes VALUES (3, 'd');");
    await up(engine, shop);
    expect(await rows()).toHaveLength(3);
  });

  test('an applied step that was edited is refused; stamp repairs it', async () => {
    await up(engine, shop);
    await folder.step('0001_initial', 'CREATE TABLE notes (id int, body text); -- edited');
    await expect(up(engine, shop)).rejects.toMatchObject({
      code: 'migration-changed',
      message: expect.stringContaining('0001_initial'),
      suggestion: expect.stringContaining('ashlar migrate stamp --system shop 0001_initial'),
    });
    expect(await stamp(engine, shop, '0001_initial')).toEqual(['0001_initial']);
    expect(await up(engine, shop)).toEqual([]);
  });

  test('an applied step that the folder lacks is refused; stamp --forget repairs it', async () => {
    await up(engine, shop);
    await folder.drop('0002_rows');
    await expect(up(engine, shop)).rejects.toMatchObject({
      code: 'migration-missing',
      suggestion: expect.stringContaining('--forget 0002_rows'),
    });
    await stamp(engine, shop, '0002_rows', { forget: true });
    expect(await up(engine, shop)).toEqual([]);
  });

  test('a step merged late is refused, and runs with allowLate', async () => {
    await folder.step('0004_later', "INSERT INTO notes VALUES (4, 'e');");
    await up(engine, shop);
    await folder.step('0003_late', "INSERT INTO notes VALUES (3, 'd');");
    await expect(up(engine, shop)).rejects.toMatchObject({
      code: 'migration-late',
      suggestion: expect.stringContaining('--allow-late'),
    });
    expect((await up(engine, shop, { allowLate: true })).map(({ step }) => step)).toEqual(['0003_late']);
    expect(await up(engine, shop)).toEqual([]);
  });

  test('stamp head takes over a database that was made by hand', async () => {
    await engine.asOwner((owner) => owner.script('CREATE TABLE notes (id int, body text)'));
    await expect(up(engine, shop)).rejects.toMatchObject({
      code: 'system-collision',
      suggestion: expect.stringContaining('stamp --system shop head'),
    });
    expect(await stamp(engine, shop, 'head')).toEqual(['0001_initial', '0002_rows']);
    expect(await up(engine, shop)).toEqual([]);
  });

  test('another system with a table of the same name is refused, with a suggestion', async () => {
    await up(engine, shop);
    const other = system('archive', { tables: { notes }, migrations: folder.url });
    await expect(up(engine, other)).rejects.toMatchObject({
      code: 'system-collision',
      detail: expect.stringContaining('shop'),
      suggestion: expect.stringContaining('?schema=NAME'),
    });
  });

  test('data steps run as code, in the same transaction as their record', async () => {
    await folder.write({
      '0003_data/up.js': `export const up = async (owner) => {
        for (const { id } of await owner.run('SELECT id FROM notes')) {
          await owner.run(\`UPDATE notes SET body = 'n\${id}' WHERE id = \${id}\`);
        }
      };`,
      '0004_typed/up.ts': `import type { Owner } from 'ashlar/extend';
        const text: string = 'typed';
        export const up = async (owner: { run(sql: string): Promise<unknown> }): Promise<void> => {
          await owner.run(\`INSERT INTO notes VALUES (9, '\${text}')\`);
        };`,
      '0005_fails/up.js': `export default async (owner) => {
        await owner.run('DELETE FROM notes');
        throw new TypeError('not today');
      };`,
    });
    await expect(up(engine, shop)).rejects.toMatchObject({
      code: 'migration-failed',
      message: 'Step 0005_fails failed at up.js.',
      detail: expect.stringContaining('not today'),
    });
    expect(await rows()).toEqual([{ body: 'n1' }, { body: 'n2' }, { body: 'typed' }]);
    expect(await applied()).toHaveLength(4);
  });

  test('a step without a transaction keeps the statements before the failing one, and says so', async () => {
    await folder.step(
      '0003_loose',
      "-- ashlar: no-transaction\nINSERT INTO notes VALUES (3, 'd');\nINSERT INTO nowhere VALUES (1);",
    );
    await expect(up(engine, shop)).rejects.toMatchObject({
      code: 'migration-failed',
      suggestion: expect.stringContaining('without a transaction'),
    });
    expect(await rows()).toHaveLength(3);
    expect(await applied()).toHaveLength(2);
  });

  test('an index is built without blocking writers, here and in the shadow that drift compares with', async () => {
    await folder.write({
      '0003_index/up.postgres.sql':
        '-- ashlar: no-transaction\nDROP INDEX CONCURRENTLY IF EXISTS notes_body_idx;\nCREATE INDEX CONCURRENTLY notes_body_idx ON notes (body);',
      '0003_index/up.sqlite.sql': 'CREATE INDEX notes_body_idx ON notes (body);',
    });
    const planned = await plan(engine, shop);
    expect(planned.steps.flatMap(({ dangers }) => dangers)).toEqual([]);
    expect(await up(engine, shop)).toHaveLength(3);
    expect(await drift(engine, shop)).toEqual([]);
  });

  test('concurrent runs apply each step once', async () => {
    const all = await Promise.all(Array.from({ length: 5 }, () => up(engine, shop)));
    expect(all.flat().map(({ step }) => step)).toEqual(['0001_initial', '0002_rows']);
    expect(await rows()).toHaveLength(2);
  });

  test('a system with tables and without steps is refused, with a suggestion', async () => {
    await folder.drop('0001_initial');
    await folder.drop('0002_rows');
    await expect(up(engine, shop)).rejects.toMatchObject({ code: 'migration-pending' });
  });
});

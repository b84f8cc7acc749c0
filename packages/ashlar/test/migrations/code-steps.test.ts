import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { oneOfEach, type Place } from '../../../../test/support/engines.js';
import type { Engine } from '../../src/contract/engine.js';
import { openEngine } from '../../src/engines/open.js';
import {
  checkMigrations,
  down,
  drift,
  dumpSchema,
  history,
  newStep,
  status,
  up,
} from '../../src/migrations/index.js';
import { id, type Table, table } from '../../src/model/index.js';
import { prove } from '../../src/prove/index.js';
import { type System, system } from '../../src/system/system.js';
import { type Folder, makeFolder } from './folder.js';

const { engines } = oneOfEach(import.meta.url);

const notes = table('notes', { id: id(), body: z.string() });
const runs = (): number => (globalThis as { codeStepRuns?: number }).codeStepRuns ?? 0;
const counting = `(globalThis.codeStepRuns = (globalThis.codeStepRuns ?? 0) + 1)`;
const insert = `INSERT INTO notes (id, body) VALUES ('018f0000-0000-7000-8000-000000000001', 'by code')`;

describe.each(engines)('a step in code on $name', ({ place: newPlace }) => {
  let place: Place;
  let folder: Folder;
  let engine: Engine;
  let shop: System;
  beforeEach(async () => {
    place = await newPlace();
    folder = await makeFolder();
    engine = await openEngine({ url: place.url, key: place.key });
    shop = system('shop', { tables: { notes: notes as Table }, migrations: folder.url });
    await newStep(shop, folder.url, 'initial');
  });
  afterEach(async () => {
    await engine.close();
    await place.remove();
    await folder.remove();
  });

  test('runs once for its database, and never where schemas are compared', async () => {
    await folder.write({
      '0002_code/up.js': `export const up = async (owner) => { ${counting}; await owner.run(${JSON.stringify(insert)}); };`,
      '0002_code/down.js': `export const down = async (owner) => { ${counting}; await owner.run('DELETE FROM notes'); };`,
    });
    const start = runs();
    for (const dialect of ['sqlite', 'postgres'] as const) {
      await checkMigrations(shop, dialect);
      await dumpSchema(shop, dialect);
    }
    expect(await newStep(shop, folder.url, 'nothing')).toBeUndefined();
    expect(runs()).toBe(start);
    await up(engine, shop);
    expect(runs()).toBe(start + 1);
    await up(engine, shop);
    expect(await drift(engine, shop)).toEqual([]);
    await status(engine, shop);
    await prove(engine, shop);
    expect(runs()).toBe(start + 1);
    await down(engine, shop, { destroy: true });
    expect(await drift(engine, shop)).toEqual([]);
    expect(runs()).toBe(start + 2);
  });

  test.each([
    'CREATE TABLE more (id INTEGER)',
    'CREATE INDEX by_hand ON notes (body)',
    'ALTER TABLE notes ADD COLUMN size INTEGER',
    'DROP TABLE notes',
    'ALTER TABLE notes RENAME COLUMN body TO content',
  ])('that changes the schema is rolled back: %s', async (change) => {
    await folder.write({
      '0002_code/up.js': `export default async (owner) => {
        await owner.run(${JSON.stringify(insert)});
        await owner.script(${JSON.stringify(change)});
      };`,
    });
    await expect(up(engine, shop)).rejects.toMatchObject({
      code: 'migration-invalid',
      message: expect.stringContaining('up.js of step 0002_code changed the schema'),
    });
    expect((await history(engine, shop)).map(({ step }) => step)).toEqual(['0001_initial']);
    expect((await engine.read('SELECT * FROM notes', [])).rows).toEqual([]);
    expect(await drift(engine, shop)).toEqual([]);
  });
});

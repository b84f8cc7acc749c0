import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { engines, type Place, server } from '../../../../test/support/engines.js';
import type { Engine } from '../../src/contract/engine.js';
import { openEngine } from '../../src/engines/open.js';
import { down, history, type LockWait, up } from '../../src/migrations/index.js';
import { type System, system } from '../../src/system/system.js';
import { type Folder, makeFolder } from './folder.js';

describe.each(server)('the lock budget of a step on $name', ({ place: newPlace }) => {
  let place: Place;
  let folder: Folder;
  let engine: Engine;
  let shop: System;
  let reader: pg.Client;
  let other: pg.Client;

  beforeEach(async () => {
    place = await newPlace();
    folder = await makeFolder();
    engine = await openEngine({ url: place.url });
    shop = system('shop', { tables: {}, migrations: folder.url });
    reader = new pg.Client(place.url);
    other = new pg.Client(place.url);
    await Promise.all([reader.connect(), other.connect()]);
    await folder.step(
      '0001_first',
      'CREATE TABLE notes (id int); INSERT INTO notes VALUES (1);',
      '-- nothing',
    );
    await folder.step(
      '0002_more',
      'ALTER TABLE notes ADD COLUMN more int;',
      'ALTER TABLE notes DROP COLUMN more;',
    );
    await up(engine, shop, { to: '1' });
    await reader.query('BEGIN; SELECT * FROM notes');
  });

  afterEach(async () => {
    await Promise.all([reader.end(), other.end()]);
    await engine.close();
    await place.remove();
    await folder.remove();
  });

  test('is given up in time, and no session behind it waits longer; the step is tried again', async () => {
    const waits: LockWait[] = [];
    const running = up(engine, shop, {
      lockTimeout: 400,
      lockAttempts: 20,
      onLockWait: (wait) => waits.push(wait),
    });
    const queued = `SELECT FROM pg_locks WHERE relation = 'notes'::regclass AND NOT granted AND mode = 'AccessExclusiveLock'`;
    while ((await other.query(queued)).rowCount === 0) await pause(5);
    const started = performance.now();
    expect((await other.query('SELECT id FROM notes')).rows).toEqual([{ id: 1 }]);
    // the step waited behind the reader, and this session behind the step
    expect(performance.now() - started).toBeLessThan(3000);
    while (waits.length === 0) await pause(5);
    await reader.query('COMMIT');
    expect(await running).toMatchObject([{ step: '0002_more' }]);
    expect(waits[0]).toMatchObject({ step: '0002_more', attempt: 1, attempts: 20 });
    expect(waits[0]?.pause_ms).toBeGreaterThanOrEqual(400);
  });

  test('ends with an error that names the step after the last attempt, and changes nothing', async () => {
    const waits: LockWait[] = [];
    const error = up(engine, shop, {
      lockTimeout: 50,
      lockAttempts: 3,
      onLockWait: (wait) => waits.push(wait),
    });
    await expect(error).rejects.toMatchObject({
      code: 'lock-timeout',
      message: 'Step 0002_more did not get its locks in 3 attempts of 50 ms.',
    });
    expect(waits.map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect((await history(engine, shop)).map(({ step }) => step)).toEqual(['0001_first']);
  });

  test('holds for the way down and its rehearsal', async () => {
    await reader.query('COMMIT');
    await up(engine, shop);
    await reader.query('BEGIN; SELECT * FROM notes');
    await expect(down(engine, shop, { lockTimeout: 50, lockAttempts: 2 })).rejects.toMatchObject({
      code: 'lock-timeout',
    });
    await reader.query('COMMIT');
    expect(await down(engine, shop)).toMatchObject([{ step: '0002_more' }]);
  });

  test('code is tried once', async () => {
    await folder.drop('0002_more');
    await folder.write({
      '0002_code/up.ts': `export const up = async (owner) => { globalThis.budgetRuns = (globalThis.budgetRuns ?? 0) + 1; await owner.run('ALTER TABLE notes ADD COLUMN more int'); };`,
    });
    await expect(up(engine, shop, { lockTimeout: 50 })).rejects.toMatchObject({ code: 'lock-timeout' });
    expect((globalThis as { budgetRuns?: number }).budgetRuns).toBe(1);
  });
});

describe.each(engines)('a step with a lock timeout on $name', ({ place: newPlace }) => {
  test('runs where the lock is free', async () => {
    const place = await newPlace();
    const folder = await makeFolder();
    const engine = await openEngine({ url: place.url, key: place.key });
    try {
      await folder.step('0001_first', 'CREATE TABLE notes (id int);', 'DROP TABLE notes;');
      const shop = system('shop', { tables: {}, migrations: folder.url });
      expect(await up(engine, shop, { lockTimeout: 1000 })).toHaveLength(1);
      expect(await down(engine, shop, { lockTimeout: 1000 })).toHaveLength(1);
    } finally {
      await engine.close();
      await place.remove();
      await folder.remove();
    }
  });
});

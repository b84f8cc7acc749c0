import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { engines, type Place } from '../../../../test/support/engines.js';
import type { Engine } from '../../src/contract/engine.js';
import { openEngine } from '../../src/engines/open.js';
import { down, up } from '../../src/migrations/index.js';
import { system } from '../../src/system/system.js';
import { type Folder, makeFolder } from './folder.js';

const server = engines.filter(({ name }) => name === 'postgres');

describe.each(server)('a step in a deadlock on $name', ({ place: newPlace }) => {
  let place: Place;
  let folder: Folder;
  let engine: Engine;
  let other: pg.Client;

  beforeEach(async () => {
    place = await newPlace();
    folder = await makeFolder();
    engine = await openEngine({ url: place.url });
    other = new pg.Client(place.url);
    await other.connect();
    await other.query('CREATE TABLE first (n int); CREATE TABLE second (n int)');
    // the server ends the transaction that waited for its own deadlock_timeout first: that of the step
    await other.query(`SET deadlock_timeout = '100s'`);
  });

  afterEach(async () => {
    await other.end();
    await engine.close();
    await place.remove();
    await folder.remove();
  });

  /** Runs `work`, which locks `first` and then `second`, against a transaction that locks them the other way round. */
  const againstDeadlock = async <T>(work: () => Promise<T>): Promise<T> => {
    await other.query('BEGIN; LOCK TABLE second IN ROW EXCLUSIVE MODE');
    const working = work();
    const waits = `SELECT FROM pg_locks WHERE relation = 'second'::regclass AND NOT granted`;
    while ((await other.query(waits)).rowCount === 0) await pause(10);
    await other.query('INSERT INTO first VALUES (1); COMMIT');
    return working;
  };

  test('is run again: up and down complete while another transaction writes', async () => {
    const shop = system('shop', { tables: {}, migrations: folder.url });
    const alter = (what: string) => `ALTER TABLE first ${what};\nALTER TABLE second ${what};`;
    await folder.step('0001_more', alter('ADD COLUMN more int'), alter('DROP COLUMN more'));
    await againstDeadlock(() => up(engine, shop));
    expect(await againstDeadlock(() => down(engine, shop))).toMatchObject([{ step: '0001_more' }]);
    expect((await other.query('SELECT * FROM first')).rows).toEqual([{ n: 1 }, { n: 1 }]);
  });

  test('is not run again when it is code; the error says that it was rolled back', async () => {
    const shop = system('shop', { tables: {}, migrations: folder.url });
    const code = (what: string) =>
      `export const up = async (owner) => { await owner.run('LOCK TABLE first'); await owner.run('${what}'); };`;
    await folder.write({ '0001_code/up.ts': code('LOCK TABLE second') });
    await expect(againstDeadlock(() => up(engine, shop))).rejects.toMatchObject({ code: 'migration-failed' });
  });
});

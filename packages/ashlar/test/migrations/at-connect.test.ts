import { spawnSync } from 'node:child_process';
import { connect, id, system, table } from 'ashlar';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engines, type Place } from '../../../../test/support/engines.js';
import { makeUser } from '../../../../test/support/users.js';
import { stepsDifference, stepsWarning } from '../../src/migrations/at-connect.js';
import { up } from '../../src/migrations/index.js';
import { type Folder, makeFolder } from './folder.js';

const notes = table('notes', { id: id(), body: z.string() });

describe.each(engines)('connecting on $name', ({ name, place: newPlace }) => {
  let place: Place;
  let folder: Folder;
  beforeEach(async () => {
    place = await newPlace();
    folder = await makeFolder();
    await folder.step('0001_initial', 'CREATE TABLE notes (id int, body text);');
  });
  afterEach(async () => {
    await place.remove();
    await folder.remove();
  });

  test('tells pending, changed and unknown steps, and creates nothing', async () => {
    const shop = system('shop', { tables: { notes }, migrations: folder.url });
    const at = { url: place.url, key: place.key };
    await expect(connect(shop, { ...at, migrations: 'require' })).rejects.toMatchObject({
      code: 'migration-pending',
      detail: 'pending: 0001_initial',
    });
    const db = await connect(shop, { ...at, migrations: 'ignore' });
    const tables = name.startsWith('sql')
      ? 'SELECT name FROM sqlite_master'
      : 'SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = current_schema()';
    expect((await db.engine.read(tables, [])).rows).toEqual([]);
    expect(await stepsWarning(db.engine, shop)).toMatchObject({
      message: expect.stringContaining('not initialised'),
    });
    await up(db.engine, shop);
    expect(await stepsWarning(db.engine, shop)).toBeUndefined();

    await folder.step('0002_more', 'CREATE TABLE more (id int);');
    await up(db.engine, shop);
    await folder.drop('0002_more');
    await folder.step('0001_initial', 'CREATE TABLE notes (id int, body text); -- edited');
    await folder.step('0003_next', 'CREATE TABLE next (id int);');
    expect(await stepsDifference(db.engine, shop)).toEqual({
      isInitialised: true,
      pending: ['0003_next'],
      changed: ['0001_initial'],
      unknown: ['0002_more'],
    });
    if (name !== 'pglite')
      await db.close(); // its database is in memory
    else return db.close();
    await expect(connect(shop, { ...at, migrations: 'require' })).rejects.toMatchObject({
      detail: 'pending: 0003_next\nchanged: 0001_initial',
    });
    if (name === 'postgres') {
      const stranger = await makeUser('stranger');
      await (await connect(shop, { url: stranger.at(place), migrations: 'warn' })).close();
      await expect(connect(shop, { url: stranger.at(place), migrations: 'require' })).rejects.toMatchObject({
        code: 'privilege-missing',
      });
      await stranger.drop();
    }
    // an older program works with a newer database
    await folder.drop('0003_next');
    await folder.step('0001_initial', 'CREATE TABLE notes (id int, body text);');
    await (await connect(shop, { ...at, migrations: 'require' })).close();
  });

  test('warns by default, on standard error', async () => {
    if (name !== 'sqlite') return; // the warning is the same
    const program = `
      import { connect, system } from 'ashlar';
      const shop = system('shop', { tables: {}, migrations: new URL(${JSON.stringify(folder.url.href)}) });
      await (await connect(shop, { url: ${JSON.stringify(place.url)} })).close();`;
    const { stderr, stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
      cwd: import.meta.dirname,
    });
    expect(JSON.parse(stderr)).toMatchObject({ code: 'migration-pending', detail: 'pending: 0001_initial' });
    expect([stdout, status]).toEqual(['', 0]);
  });
});

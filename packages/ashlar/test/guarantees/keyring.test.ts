import { keyring } from 'ashlar/guarantees';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { engines, sqlOf } from '../../../../test/support/engines.js';
import { openWorld, refuses, type World } from './setup.js';

const keys = keyring('data_keys');

describe.each(engines)('a keyring on $name', (engine) => {
  const isSqlite = sqlOf(engine) === 'sqlite';
  const bytes = isSqlite ? "X'01'" : "'\\x01'::bytea";
  const at = isSqlite ? "'2026-01-31T08:00:00.000Z'" : "timestamptz '2026-01-31T08:00:00Z'";
  const row = (scope: string, version: number, wrapped: string, shredded: string) =>
    `('${scope}', ${version}, ${wrapped}, 1, ${shredded})`;
  const into = 'data_keys (scope, version, wrapped, master_version, shredded_at)';
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine, [keys]);
    await world.run(
      `INSERT INTO ${into} VALUES ${row('live', 1, bytes, 'NULL')}, ${row('gone', 1, bytes, 'NULL')}`,
    );
    await world.run(`UPDATE data_keys SET wrapped = NULL, shredded_at = ${at} WHERE scope = 'gone'`);
  });
  afterAll(() => world.close());

  describe('refuses', () => {
    refuses(
      engine,
      () => world,
      'keyring',
      ['data_keys'],
      [
        {
          name: 'a shredded key put back',
          sql: `UPDATE data_keys SET wrapped = ${bytes}, shredded_at = NULL WHERE scope = 'gone'`,
        },
        {
          name: 'another time of shredding',
          sql: `UPDATE data_keys SET shredded_at = ${at} WHERE scope = 'gone'`,
        },
        {
          name: 'another key for a shredded scope',
          sql: `INSERT INTO ${into} VALUES ${row('gone', 2, bytes, 'NULL')}`,
        },
        {
          name: 'a key that replaces the record of a shredding',
          only: 'sqlite',
          sql: `INSERT OR REPLACE INTO ${into} VALUES ${row('gone', 1, bytes, 'NULL')}`,
        },
        {
          name: 'a key that replaces the record of a shredding by its rowid',
          only: 'sqlite',
          sql: `INSERT OR REPLACE INTO data_keys (rowid, scope, version, wrapped, master_version) VALUES ((SELECT rowid FROM data_keys WHERE scope = 'gone'), 'new', 1, ${bytes}, 1)`,
        },
        {
          name: 'an upsert over the record of a shredding',
          sql: `INSERT INTO ${into} VALUES ${row('gone', 1, bytes, 'NULL')} ON CONFLICT (scope, version) DO UPDATE SET wrapped = ${bytes}, shredded_at = NULL`,
        },
        {
          name: 'a record of a shredding that is deleted',
          sql: "DELETE FROM data_keys WHERE scope = 'gone'",
        },
        { name: 'a key that is deleted', sql: "DELETE FROM data_keys WHERE scope = 'live'" },
        { name: 'a TRUNCATE', only: 'postgres', sql: 'TRUNCATE data_keys' },
        { name: 'another scope for a key', sql: "UPDATE data_keys SET scope = 'new' WHERE scope = 'live'" },
        {
          name: 'another scope for a shredded key',
          sql: "UPDATE data_keys SET scope = 'new' WHERE scope = 'gone'",
        },
        { name: 'another version for a key', sql: "UPDATE data_keys SET version = 2 WHERE scope = 'live'" },
        {
          name: 'a shredding that keeps the key',
          sql: `UPDATE data_keys SET shredded_at = ${at} WHERE scope = 'live'`,
          by: /^ashlar\/keyring: |data_keys_shredded/,
        },
        {
          name: 'a key that is erased without a record',
          sql: "UPDATE data_keys SET wrapped = NULL WHERE scope = 'live'",
          by: /^ashlar\/keyring: |data_keys_shredded/,
        },
      ],
    );
  });

  it('lets a key be wrapped anew, rotated and shredded', async () => {
    const other = isSqlite ? "X'02'" : "'\\x02'::bytea";
    await world.run(`UPDATE data_keys SET wrapped = ${other}, master_version = 2 WHERE scope = 'live'`);
    await world.run(`INSERT INTO ${into} VALUES ${row('live', 2, other, 'NULL')}`);
    await world.run(`UPDATE data_keys SET wrapped = NULL, shredded_at = ${at} WHERE scope = 'live'`);
  });
});

import { keyring } from 'ashlar/guarantees';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { engines, sqlOf } from '../../../../test/support/engines.js';
import { type Fixture, openFixture, refuses } from './setup.js';

const keys = keyring('data_keys');

describe.each(engines)('a keyring on $name', (engine) => {
  const isSqlite = sqlOf(engine) === 'sqlite';
  const bytes = isSqlite ? "X'01'" : "'\\x01'::bytea";
  const at = isSqlite ? "'2026-01-31T08:00:00.000Z'" : "timestamptz '2026-01-31T08:00:00Z'";
  const row = (scope: string, version: number, wrapped: string, shredded: string) =>
    `('${scope}', ${version}, ${wrapped}, 1, ${shredded})`;
  const into = 'data_keys (scope, version, wrapped, master_version, shredded_at)';
  let fixture: Fixture;
  beforeAll(async () => {
    fixture = await openFixture(engine, [keys]);
    await fixture.run(
      `INSERT INTO ${into} VALUES ${row('live', 1, bytes, 'NULL')}, ${row('gone', 1, bytes, 'NULL')}`,
    );
    await fixture.run(`UPDATE data_keys SET wrapped = NULL, shredded_at = ${at} WHERE scope = 'gone'`);
  });
  afterAll(() => fixture.close());

  describe('refuses', () => {
    refuses(
      engine,
      () => fixture,
      'keyring',
      ['data_keys'],
      [
        {
          name: 'restoring a shredded key',
          sql: `UPDATE data_keys SET wrapped = ${bytes}, shredded_at = NULL WHERE scope = 'gone'`,
        },
        {
          name: 'changing the time of a shredding',
          sql: `UPDATE data_keys SET shredded_at = ${at} WHERE scope = 'gone'`,
        },
        {
          name: 'adding a key to a shredded scope',
          sql: `INSERT INTO ${into} VALUES ${row('gone', 2, bytes, 'NULL')}`,
        },
        {
          name: 'OR REPLACE of the record of a shredding',
          only: 'sqlite',
          sql: `INSERT OR REPLACE INTO ${into} VALUES ${row('gone', 1, bytes, 'NULL')}`,
        },
        {
          name: 'OR REPLACE of the record of a shredding by its rowid',
          only: 'sqlite',
          sql: `INSERT OR REPLACE INTO data_keys (rowid, scope, version, wrapped, master_version) VALUES ((SELECT rowid FROM data_keys WHERE scope = 'gone'), 'new', 1, ${bytes}, 1)`,
        },
        {
          name: 'upserting the record of a shredding',
          sql: `INSERT INTO ${into} VALUES ${row('gone', 1, bytes, 'NULL')} ON CONFLICT (scope, version) DO UPDATE SET wrapped = ${bytes}, shredded_at = NULL`,
        },
        {
          name: 'deleting the record of a shredding',
          sql: "DELETE FROM data_keys WHERE scope = 'gone'",
        },
        { name: 'deleting a key', sql: "DELETE FROM data_keys WHERE scope = 'live'" },
        { name: 'TRUNCATE', only: 'postgres', sql: 'TRUNCATE data_keys' },
        {
          name: 'changing the scope of a key',
          sql: "UPDATE data_keys SET scope = 'new' WHERE scope = 'live'",
        },
        {
          name: 'changing the scope of a shredded key',
          sql: "UPDATE data_keys SET scope = 'new' WHERE scope = 'gone'",
        },
        {
          name: 'changing the version of a key',
          sql: "UPDATE data_keys SET version = 2 WHERE scope = 'live'",
        },
        {
          name: 'setting shredded_at without erasing the key',
          sql: `UPDATE data_keys SET shredded_at = ${at} WHERE scope = 'live'`,
          by: /^ashlar\/keyring: |data_keys_shredded/,
        },
        {
          name: 'erasing a key without setting shredded_at',
          sql: "UPDATE data_keys SET wrapped = NULL WHERE scope = 'live'",
          by: /^ashlar\/keyring: |data_keys_shredded/,
        },
      ],
    );
  });

  it('allows a key to be rewrapped, rotated and shredded', async () => {
    const other = isSqlite ? "X'02'" : "'\\x02'::bytea";
    await fixture.run(`UPDATE data_keys SET wrapped = ${other}, master_version = 2 WHERE scope = 'live'`);
    await fixture.run(`INSERT INTO ${into} VALUES ${row('live', 2, other, 'NULL')}`);
    await fixture.run(`UPDATE data_keys SET wrapped = NULL, shredded_at = ${at} WHERE scope = 'live'`);
  });
});

import { randomBytes } from 'node:crypto';
import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { asAdmin, withRoles } from '../../../../../test/support/engines.js';
import { PgliteChannel } from '../../../src/engines/postgres/pglite/channel.js';
import { PgChannel } from '../../../src/engines/postgres/server/pg-channel.js';
import type { Channel, Request } from '../../../src/engines/postgres/wire/channel.js';

/** A channel to an empty database with a table. */
const opened = async (name: string): Promise<{ channel: Channel; close: () => Promise<void> }> => {
  if (name === 'pglite') {
    const database = await PGlite.create();
    return { channel: new PgliteChannel(database), close: () => database.close() };
  }
  const made = `together_${randomBytes(6).toString('hex')}`;
  await asAdmin(`CREATE DATABASE ${made}`);
  const url = new URL(inject('postgresUrl'));
  url.pathname = `/${made}`;
  const client = new pg.Client({
    connectionString: url.href,
    pipeline: true,
    types: { getTypeParser: () => String },
  } as unknown as pg.ClientConfig);
  await client.connect();
  const close = async (): Promise<void> => {
    await client.end();
    await asAdmin(`DROP DATABASE ${made} WITH (FORCE)`);
  };
  return { channel: new PgChannel(client, false), close };
};

describe.each(withRoles)('statements that are sent together on $name', ({ name }) => {
  let channel: Channel;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ channel, close } = await opened(name));
    await channel.send({ text: 'CREATE TABLE t (id int PRIMARY KEY, body text)' });
  });
  afterAll(() => close());
  beforeEach(async () => {
    await channel.send({ text: 'ROLLBACK' });
    await channel.send({ text: 'TRUNCATE t' });
  });
  const count = async (): Promise<number> => {
    const { rows } = await channel.send({ text: 'SELECT count(*) FROM t' });
    return Number(rows[0]?.[0]);
  };

  const packet = (failing: number, keep: boolean): readonly Request[] => {
    const bad: Request = { text: "SELECT 1 / $1::int, set_config('x.y', 'z', true)", values: ['0'], keep };
    const good: readonly Request[] = [
      { text: 'BEGIN' },
      { text: 'SET LOCAL lock_timeout = 1000' },
      { text: "SELECT set_config('x.y', $1, true)", values: ['a'], keep },
      { text: 'INSERT INTO t VALUES (1, $1) RETURNING body', values: ['one'], keep },
      { text: 'INSERT INTO t VALUES (2, $1) RETURNING id, body', values: ['two'], keep },
    ];
    return good.map((request, at) =>
      at === failing ? (at === 0 ? { text: 'BEGIN NONSENSE' } : bad) : request,
    );
  };

  it('return the reply to the last', async () => {
    for (const keep of [false, true, true]) {
      const reply = await channel.together(packet(-1, keep));
      expect(reply).toMatchObject({ rows: [['2', 'two']], command: 'INSERT', count: 1, inTransaction: true });
      expect(reply.fields.map((field) => field.name)).toEqual(['id', 'body']);
      await channel.send({ text: 'COMMIT' });
      expect(await count()).toBe(2);
      await channel.send({ text: 'TRUNCATE t' });
    }
  });

  it.each([0, 1, 2, 3, 4])('are not run behind one that fails, the one at %i', async (failing) => {
    for (const keep of [false, true, true, false, true]) {
      // what is sent behind the packet in the same turn comes after it
      const [answer, end] = await Promise.allSettled([
        channel.together(packet(failing, keep)),
        channel.send({ text: 'COMMIT' }),
      ]);
      expect(answer).toMatchObject({
        status: 'rejected',
        reason: { code: failing === 0 ? '42601' : '22012' },
      });
      expect(end).toMatchObject({ status: 'fulfilled', value: { inTransaction: false } });
      expect(await count()).toBe(0);
      // and every statement can be sent again
      await channel.together(packet(-1, keep));
      await channel.send({ text: 'ROLLBACK' });
    }
  });

  it('leave no prepared statement behind for each that fails', async () => {
    const prepared = async (): Promise<number> => {
      const { rows } = await channel.send({ text: 'SELECT count(*) FROM pg_prepared_statements' });
      return Number(rows[0]?.[0]);
    };
    const fail = async (): Promise<void> => {
      await expect(channel.together(packet(4, true))).rejects.toMatchObject({ code: '22012' });
      await channel.send({ text: 'ROLLBACK' });
    };
    await fail();
    await fail();
    const before = await prepared();
    for (let n = 0; n < 20; n++) await fail();
    if (name === 'postgres') expect(await prepared()).toBeLessThanOrEqual(before);
  });
});

import type { Engine } from 'ashlar/extend';
import { openEngine } from 'ashlar/extend';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Place, withRoles } from '../../../../../test/support/engines.js';
import { PgliteChannel } from '../../../src/engines/postgres/pglite/channel.js';
import { PgChannel } from '../../../src/engines/postgres/server/pg-channel.js';

describe.each(withRoles)('the COMMIT of the owner on $name', ({ name, place: makePlace }) => {
  let place: Place;
  let engine: Engine;
  beforeAll(async () => {
    place = await makePlace();
    engine = await openEngine({ url: place.url });
    await engine.asOwner((owner) => owner.script('CREATE TABLE t (n int PRIMARY KEY)'));
  });
  afterAll(async () => {
    await engine.close();
    await place.remove();
  });
  beforeEach(() => engine.asOwner((owner) => owner.script('DELETE FROM t')));
  afterEach(() => vi.restoreAllMocks());

  const channel = (name === 'pglite' ? PgliteChannel : PgChannel).prototype;
  const rows = async (): Promise<number> =>
    Number((await engine.asOwner(({ run }) => run('SELECT count(*)::int AS n FROM t')))[0]?.n);

  test('of a transaction in which a statement failed is an error, though the error was caught', async () => {
    const work = engine.asOwner((owner) =>
      owner.atomically(async () => {
        await owner.run('INSERT INTO t VALUES (1)');
        await owner.run('SELECT 1 / 0').catch(() => undefined);
      }),
    );
    await expect(work).rejects.toMatchObject({ code: 'session-aborted' });
    expect(await rows()).toBe(0);
  });

  /** Loses the connection when a COMMIT was sent. */
  const loseAtCommit = (): void => {
    const send = channel.send;
    vi.spyOn(channel, 'send').mockImplementation(async function (this: typeof channel, request) {
      const reply = await send.call(this, request);
      if (request.text === 'COMMIT') throw Object.assign(new Error('lost'), { code: '08006' });
      return reply;
    });
  };

  test.each([
    ['atomically', () => engine.asOwner((o) => o.atomically(() => o.run('INSERT INTO t VALUES (2)')))],
    ['of one statement', () => engine.asOwner((o) => o.run('INSERT INTO t VALUES (2)'))],
  ])('whose answer is lost has an unknown outcome: %s', async (_, work) => {
    loseAtCommit();
    await expect(work()).rejects.toMatchObject({ code: 'outcome-unknown' });
    vi.restoreAllMocks();
    expect(await rows()).toBe(1);
  });

  test('of a plain read whose answer is lost is the loss of the connection', async () => {
    loseAtCommit();
    const reading = engine.asOwner((owner) => owner.run('SELECT count(*)::int AS n FROM t'));
    await expect(reading).rejects.toMatchObject({ code: 'connection-lost' });
  });

  const reset = { message: 'read ECONNRESET', code: 'ECONNRESET' };
  const closed = { message: 'Client has encountered a connection error and is not queryable' };
  test.each([
    ['an insert that may have been sent', reset, 'INSERT INTO t VALUES (3)', 'outcome-unknown'],
    ['an insert that was not sent', closed, 'INSERT INTO t VALUES (3)', 'connection-lost'],
    ['a read that may have been sent', reset, 'SELECT n FROM t', 'connection-lost'],
    ['a read that was not sent', closed, 'SELECT n FROM t', 'connection-lost'],
  ])('after the statement itself lost the connection: %s', async (_, error, sql, code) => {
    const lost = () => Object.assign(new Error(error.message), error);
    const { together, send } = channel;
    vi.spyOn(channel, 'together').mockImplementation(async function (this: typeof channel, requests) {
      if (requests.at(-1)?.text === sql) throw lost();
      return together.call(this, requests);
    });
    vi.spyOn(channel, 'send').mockImplementation(async function (this: typeof channel, request) {
      if (request.text === 'COMMIT') throw lost();
      return send.call(this, request);
    });
    await expect(engine.asOwner((owner) => owner.run(sql))).rejects.toMatchObject({ code });
    vi.restoreAllMocks();
    expect(await rows()).toBe(0);
  });
});

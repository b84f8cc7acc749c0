import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asAdmin, type Place, server } from '../../../../../test/support/engines.js';
import type { Engine } from '../../../src/contract/engine.js';
import type { Owner } from '../../../src/contract/owner.js';
import { openEngine } from '../../../src/engines/open.js';

describe.each(server)('the owner’s connection on $name', ({ place: newPlace }) => {
  let place: Place;
  let engine: Engine;
  beforeAll(async () => {
    place = await newPlace();
    engine = await openEngine({ url: place.url });
  });
  afterAll(async () => {
    await engine.close();
    await place.remove();
  });

  const pidOf = async (owner: Owner): Promise<number> =>
    Number((await owner.run('SELECT pg_backend_pid() AS pid'))[0]?.pid);
  const pidAfter = (work: (owner: Owner) => Promise<unknown> = async () => undefined): Promise<number> =>
    engine.asOwner(async (owner) => {
      const pid = await pidOf(owner);
      await work(owner);
      return pid;
    });

  test('is a new one for each piece of work', async () => {
    expect(await pidAfter()).not.toBe(await pidAfter());
  });

  test('is kept between the pieces of held work, and closed after the outermost', async () => {
    const pids = await engine.holdingOwner(async () => [
      await pidAfter(),
      await engine.holdingOwner(() => pidAfter()),
      await pidAfter(),
    ]);
    expect(new Set(pids).size).toBe(1);
    await expect
      .poll(() => asAdmin(`SELECT 1 FROM pg_stat_activity WHERE pid = ${pids[0]}`), { timeout: 10_000 })
      .toEqual([]);
  });

  test('keeps nothing of the work before: settings, role, temporary tables, locks of the session', async () => {
    await engine.holdingOwner(async () => {
      const before = await pidAfter((owner) =>
        owner.script(`CREATE ROLE held_owner_test; SET statement_timeout = 1234; SET ROLE held_owner_test; RESET ROLE;
CREATE TEMP TABLE left_behind (a int); SELECT pg_advisory_lock(4711); SET ROLE held_owner_test`),
      );
      await engine.asOwner(async (owner) => {
        expect(await pidOf(owner)).toBe(before);
        expect(
          await owner.run(`SELECT current_setting('statement_timeout') AS timeout, current_user = session_user AS own,
to_regclass('pg_temp.left_behind')::text AS temp,
(SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS locks`),
        ).toEqual([{ timeout: '0', own: true, temp: null, locks: 0 }]);
        await owner.run('DROP ROLE held_owner_test');
      });
    });
  });

  test('is not in the transaction that the work before left open', async () => {
    await engine.holdingOwner(async () => {
      const before = await pidAfter((owner) => owner.script('BEGIN; CREATE TABLE never (a int)'));
      await engine.asOwner(async (owner) => {
        expect(await pidOf(owner)).toBe(before);
        expect(await owner.run(`SELECT to_regclass('never')::text AS found`)).toEqual([{ found: null }]);
      });
    });
  });

  test('is replaced when the server closed it', async () => {
    await engine.holdingOwner(async () => {
      const before = await pidAfter();
      await asAdmin(`SELECT pg_terminate_backend(${before}, 10000)`);
      expect(await pidAfter()).not.toBe(before);
    });
  });

  test('is not shared by pieces of work at the same time', async () => {
    await engine.holdingOwner(async () => {
      const pids = await Promise.all(
        [1, 2, 3].map(() => pidAfter((owner) => owner.run('SELECT pg_sleep(0.1)'))),
      );
      expect(new Set(pids).size).toBe(3);
    });
  });
});

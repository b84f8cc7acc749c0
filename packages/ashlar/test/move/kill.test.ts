import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { publishClause, recordEvent, sampleClauses, wills } from '@ashlar/wills';
import { connect } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import { ledgersOf, openLedger, verifyLedger } from 'ashlar/ledger';
import { describe, expect, test } from 'vitest';
import { engines, server } from '../../../../test/support/engines.js';
import { drift, up } from '../../src/migrations/index.js';
import { move } from '../../src/move/index.js';

const run = promisify(execFile);
const sources = engines.filter(({ name }) => name === 'sqlite');
const pairs = sources.flatMap((from) =>
  server.map((to) => ({ from, to, name: `${from.name} → ${to.name}` })),
);

describe.each(pairs)('a process that moves $name', ({ from, to }) => {
  // scripts/move-under-kills.mjs kills it at random moments, a hundred times
  test('is killed with SIGKILL after some of its commits; the last one ends with the same database', async () => {
    const places = [await from.place(), await to.place()] as const;
    const db = await connect(wills, { url: places[0].url, migrations: 'ignore' });
    const target = await openEngine({ url: places[1].url });
    try {
      await up(db.engine, wills);
      await db.session({ actor: 'maria' }, async (s) => {
        for (const clause of sampleClauses) await publishClause(s, clause);
        for (let n = 0; n < 500; n++)
          await recordEvent(s, { event_type: 'test', event_category: 'test', details: { n } });
      });
      const file = new URL('./kill-worker.mjs', import.meta.url).pathname;
      const child = (commits: number): Promise<{ resumed: boolean } | undefined> =>
        run(process.execPath, [file, places[0].url, places[1].url, String(commits)]).then(
          ({ stdout }) => JSON.parse(stdout) as { resumed: boolean },
          (error: { signal?: string }) => {
            if (error.signal === 'SIGKILL') return undefined;
            throw error;
          },
        );
      let kills = 0;
      let ended = await child(1);
      for (; !ended; ended = await child(3 + 5 * kills)) {
        kills++;
        await expect(up(target, wills)).rejects.toMatchObject({ code: 'database-incoming' });
      }
      expect(kills).toBeGreaterThan(3);
      expect(ended).toEqual({ resumed: true, complete: false });
      expect(await drift(target, wills)).toEqual([]);
      expect(await move(db.engine, target, [wills], { prove: false })).toMatchObject({ complete: true });
      for (const table of ledgersOf(wills))
        expect(await verifyLedger(openLedger(target, wills, table), { full: true })).toMatchObject({
          problems: [],
        });
    } finally {
      await db.close();
      await target.close();
      for (const place of places) await place.remove();
    }
  });
});

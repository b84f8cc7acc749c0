import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, id, table, timestamp } from 'ashlar';
import { appendOnly, ledgered, legalHolds, retained } from 'ashlar/guarantees';
import { checkpointLedger, newLedgerKey, openLedger, verifyLedger } from 'ashlar/ledger';
import { purge } from 'ashlar/migrations';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { oneOfEach } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { withLedger } from '../../src/ledger/database/ledgers.js';
import { parsePrivateKey } from '../../src/ledger/note.js';
import { treeRoot } from '../../src/ledger/proofs.js';
import { signHead } from '../../src/ledger/signer-log.js';
import { behindItsBack } from '../ledger/sabotage.js';

const { engines } = oneOfEach(import.meta.url);

const holds = legalHolds('holds');
const letters = table('letters', { id: id(), sent_at: timestamp(), n: z.int() }, (c) => [
  appendOnly(),
  ledgered(),
  retained(c.sent_at, { for: { years: 5 }, reason: 'law', hold: holds }),
]);
const tables = { holds, letters };
const uuid = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const old = '2015-03-05T00:00:00.000Z';
const [minute, hour] = [60_000, 3_600_000];
const day = 24 * hour;

describe.each(engines)('clocks that differ, with a ledger on $name', (engine) => {
  const { key } = newLedgerKey('example.com/test');
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  let folder: string;
  let next: number;
  beforeEach(async () => {
    ({ db, remove } = await withTables(engine, tables, { maintain: false }));
    folder = await mkdtemp(join(tmpdir(), 'ashlar-checkpoints-'));
    next = 0;
  });
  afterEach(async () => {
    vi.useRealTimers();
    await remove();
    await rm(folder, { recursive: true });
  });

  const add = async (): Promise<void> => {
    next += 1;
    await db.session((s) => s.insert(letters, { id: uuid(next), sent_at: old, n: next }));
    await db.engine.seal();
  };
  const ledger = () => openLedger(db.engine, db.system, letters, { checkpoints: folder, key });
  const sign = (options = {}) => checkpointLedger(ledger(), undefined, options);
  /** Signs as a process does whose clock differs. */
  const signAt = (ms: number) =>
    withLedger(db.engine, letters, async (reader) => {
      const size = (await reader.head())?.size ?? 0;
      return signHead({
        folder: join(folder, 'testing/letters'),
        signer: parsePrivateKey(key),
        head: { origin: 'testing/letters', size, root: await treeRoot(reader, size) },
        reader,
        at: new Date(Date.now() + ms),
        clockWasAhead: true,
      });
    });
  const verified = async () => {
    const found = await verifyLedger(ledger(), { full: true });
    const { problems } = await verifyLedger(ledger());
    return { problems: [...found.problems, ...problems], unverified: found.unverified };
  };
  const retiredAt = (ms: number) =>
    behindItsBack(db.engine, 'letters_ledger_retirements', [
      `UPDATE letters_ledger_retirements SET retired_at = '${new Date(Date.now() + ms).toISOString()}' WHERE number = (SELECT max(number) FROM letters_ledger_retirements)`,
    ]);

  it.each([2 * minute, -2 * minute, 3 * day, -3 * day])(
    'nothing is signed while they differ: by %d ms',
    async (ms) => {
      await add();
      const reader = vi
        .spyOn(Date, 'now')
        .mockImplementation(() => performance.timeOrigin + performance.now() + ms);
      try {
        // the clock of PGlite is that of this process
        if (engine.name === 'pglite') await expect(sign()).resolves.toMatchObject({ size: 1 });
        else await expect(sign()).rejects.toMatchObject({ code: 'clocks-differ' });
      } finally {
        reader.mockRestore();
      }
    },
  );

  it.each([2 * hour, 3 * day, 400 * day])(
    'a clock of the signer that was ahead spoils nothing: by %d ms',
    async (ms) => {
      await add();
      await signAt(ms);
      await add();
      await purge(db.engine, db.system);
      await add();
      expect(await verified()).toMatchObject({
        problems: [],
        unverified: expect.arrayContaining([expect.stringMatching(/in the future: its time shows nothing$/)]),
      });
      await expect(sign()).rejects.toMatchObject({ code: 'clocks-differ' });
      await sign({ clockWasAhead: true });
      await add();
      await sign();
      await purge(db.engine, db.system);
      await sign();
      const { problems, unverified } = await verified();
      expect(problems).toEqual([]);
      expect(unverified.filter((line) => line.endsWith('its time shows nothing'))).toHaveLength(1);
    },
  );

  it.each([2 * hour, 20 * hour, -2 * hour, -20 * hour])(
    'a clock of the database that differs while rows are purged leaves a doubt: by %d ms',
    async (ms) => {
      await add();
      await sign();
      await purge(db.engine, db.system);
      await retiredAt(ms);
      expect((await verified()).problems).toEqual([]);
      await sign();
      const { problems, unverified } = await verified();
      expect(problems).toEqual([]);
      expect(unverified.join('\n')).toMatch(/contradicts that of a checkpoint|dated in the future/);
      await add();
      await sign();
    },
  );

  it.each([-3 * day, -400 * day])('a time that no clock explains is a problem: %d ms', async (ms) => {
    await add();
    await sign();
    await purge(db.engine, db.system);
    await retiredAt(ms);
    expect((await verified()).problems[0]?.what).toMatch(
      /is dated .*, but the checkpoint .* does not have it$/,
    );
  });

  it.each([300, 40 * minute])(
    'a hold that is released at about the time of the purge leaves a doubt: %d ms after it',
    async (ms) => {
      await add();
      const hold = await db.session((s) =>
        s.insert(holds, {
          table_name: 'letters',
          row_key: { id: uuid(1) },
          reason: 'a case',
          placed_by: 'user:7',
        }),
      );
      await behindItsBack(db.engine, 'holds', [
        `UPDATE holds SET placed_at = '${new Date(Date.now() - day).toISOString()}', released_by = 'user:7', released_at = '${new Date(Date.now() + ms).toISOString()}' WHERE id = '${hold.id}'`,
      ]);
      await purge(db.engine, db.system);
      expect(await verified()).toMatchObject({
        problems: [],
        unverified: expect.arrayContaining([expect.stringContaining('was released at about the time')]),
      });
      await behindItsBack(db.engine, 'holds', [
        `UPDATE holds SET released_at = '${new Date(Date.now() + 2 * hour).toISOString()}'`,
      ]);
      expect((await verified()).problems[0]?.what).toBe('the row was retired under an open legal hold');
    },
  );
});

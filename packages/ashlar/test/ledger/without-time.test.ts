import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createdAt, type Database, id, table } from 'ashlar';
import { appendOnly, ledgered } from 'ashlar/guarantees';
import {
  checkpointLedger,
  exportLedger,
  newLedgerKey,
  openLedger,
  parsePrivateKey,
  verifyLedger,
} from 'ashlar/ledger';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines, sqlOf } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { withLedger } from '../../src/ledger/database/ledgers.js';
import { treeRoot } from '../../src/ledger/proofs.js';
import { signHead } from '../../src/ledger/signer-log.js';
import { verifyExport } from '../../verifier/ashlar-verify.mjs';
import { behindItsBack } from './sabotage.js';

const pay = table('pay', { id: id(), n: z.int(), at: createdAt() }, () => [appendOnly(), ledgered()]);
const plain = table('plain', { id: id(), n: z.int() }, () => [appendOnly(), ledgered()]);
const tables = { pay, plain };
const uuid = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const [old, forged] = ['2020-01-01T00:00:00.000Z', 900];
const noTime = 'the entry has no time, but its row is not older than the ledger';

describe.each(engines)('a row on $name that the owner adds without the time of its write', (engine) => {
  const isPostgres = sqlOf(engine) === 'postgres';
  const { key, publicKey } = newLedgerKey('example.com/test');
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  let folder: string;
  beforeEach(async () => {
    ({ db, remove } = await withTables(engine, tables));
    folder = await mkdtemp(join(tmpdir(), 'ashlar-checkpoints-'));
  });
  afterEach(async () => {
    await remove();
    await rm(folder, { recursive: true });
  });

  const add = async (of: typeof pay | typeof plain, ...numbers: readonly number[]): Promise<void> => {
    for (const n of numbers) await db.session((s) => s.insert(of as typeof plain, { id: uuid(n), n }));
    await db.engine.seal();
  };
  const ledger = (of: typeof pay | typeof plain) =>
    openLedger(db.engine, db.system, of, { checkpoints: join(folder, of.name), key });

  /** Adds a row that says to be of 2020, as the owner does who disables the triggers. */
  const backdate = async ({ name }: typeof pay | typeof plain): Promise<void> => {
    const [at, time] = name === 'pay' ? [', at', `, '${old}'`] : ['', ''];
    if (isPostgres) {
      const insert = `INSERT INTO ${name} (id, n${at}, ashlar_xid, ashlar_at) VALUES ('${uuid(forged)}', ${forged}${time}, pg_current_xact_id(), NULL)`;
      await behindItsBack(db.engine, name, [insert]);
    } else {
      await behindItsBack(db.engine, name, [
        `INSERT INTO ${name} (id, n${at}) VALUES ('${uuid(forged)}', ${forged}${time})`,
      ]);
      const row = `{"id":"${uuid(forged)}","n":${forged}${name === 'pay' ? `,"at":"${old}"` : ''}}`;
      await behindItsBack(db.engine, `${name}_ledger_entries`, [
        `INSERT INTO ${name}_ledger_entries (row_key, entry) VALUES ('${uuid(forged)}', '["ashlar/entry/v1","${name}","${'ab'.repeat(16)}","",${row}]')`,
      ]);
    }
    await db.engine.seal();
  };
  const found = async (of: typeof pay | typeof plain, full: boolean) =>
    (await verifyLedger(ledger(of), { full })).problems.map(({ position, what }) => [position, what]);

  it.each([pay, plain])(
    'is a problem without and with checkpoints, before and behind other rows: $name',
    async (of) => {
      await add(of, 1, 2, 3);
      await backdate(of);
      await add(of, 5);
      expect(await found(of, true)).toEqual([[3, noTime]]);
      expect(await found(of, false)).toEqual([[3, noTime]]);
    },
  );

  it('is a problem behind any checkpoint, and is not signed', async () => {
    await add(pay, 1);
    await checkpointLedger(ledger(pay));
    await add(pay, 2, 3);
    await checkpointLedger(ledger(pay));
    await backdate(pay);
    for (const full of [true, false]) expect(await found(pay, full)).toEqual([[3, noTime]]);
    await expect(checkpointLedger(ledger(pay))).rejects.toMatchObject({ code: 'ledger-tampered' });
  });

  it('is not valid in an export either', async () => {
    await add(plain, 1, 2);
    const sound = join(folder, 'sound');
    await exportLedger(ledger(plain), sound);
    expect(await verifyExport(sound, [publicKey])).toMatchObject({ size: 2 });
    await backdate(plain);
    // as the owner of the database signs it who has the key too
    await withLedger(db.engine, plain, async (reader) =>
      signHead({
        folder: join(folder, 'plain', 'testing', 'plain'),
        signer: parsePrivateKey(key),
        head: { origin: 'testing/plain', size: 3, root: await treeRoot(reader, 3) },
        reader,
      }),
    );
    const out = join(folder, 'out');
    expect(await exportLedger(ledger(plain), out)).toBe(3);
    await expect(verifyExport(out, [publicKey])).rejects.toThrow(/line 3 of entries.jsonl has no time/);
  });
});

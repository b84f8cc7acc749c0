import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createdAt, id, primaryKey, system, table } from 'ashlar';
import { appendOnly, ledgered } from 'ashlar/guarantees';
import {
  acceptHandover,
  checkpointLedger,
  exportLedger,
  formatHandover,
  keptCheckpoints,
  ledgerState,
  ledgersOf,
  newLedgerKey,
  openLedger,
  parsePrivateKey,
  proveConsistency,
  proveInclusion,
  readCheckpoint,
  verifyConsistencyProof,
  verifyInclusionProof,
  verifyLedger,
} from 'ashlar/ledger';
import { verifyConsistencyFile, verifyExport, verifyProofFile } from 'ashlar/verifier';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { behindItsBack } from './sabotage.js';

const payments = table('payments', { id: id(), cents: z.int() }, () => [appendOnly(), ledgered()]);
const visits = table('visits', { room: z.string(), day: z.int(), note: z.string() }, (c) => [
  primaryKey(c.room, c.day),
  appendOnly(),
  ledgered(),
]);
const plain = table('plain', { id: id(), created_at: createdAt() });
const tables = { payments, visits, plain };
const shop = system('shop', { tables, migrations: new URL('file:///none/') });
const { key, publicKey } = newLedgerKey('example.com/shop');
const stranger = newLedgerKey('example.net');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ashlar-ledger-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe.each(engines)('a ledger as functions on $name', (engine) => {
  let opened: Awaited<ReturnType<typeof withTables<typeof tables>>>;
  beforeAll(async () => {
    opened = await withTables(engine, tables);
  });
  afterAll(() => opened.remove());

  test('is verified, signed, proven and exported; the proofs need only the public key', async () => {
    const { db } = opened;
    const checkpoints = join(folder, engine.name);
    const open = (options: object = { key }) =>
      openLedger(db.engine, shop, payments, { checkpoints, ...options });
    const pay = (cents: number) => db.session((s) => s.insert(payments, { cents }));
    const made = await pay(100);
    await pay(200);

    expect(await verifyLedger(open())).toMatchObject({ size: 2, checked: 2, trusted: 0, problems: [] });
    const first = await checkpointLedger(open());
    expect(readCheckpoint(first.note, [publicKey])).toMatchObject({ origin: 'shop/payments', size: 2 });
    await pay(300);
    expect(await verifyLedger(open())).toMatchObject({ size: 3, checked: 1, trusted: 2, problems: [] });
    expect(await ledgerState(open())).toMatchObject({
      ledger: 'shop/payments',
      size: 3,
      unsealed: 0,
      lastCheckpoint: 2,
      lastBlock: expect.stringMatching(/Z$/),
    });

    // without a private key, the kept checkpoint covers the row
    const { position, proof } = await proveInclusion(open({ publicKeys: [publicKey] }), made.id);
    expect(verifyInclusionProof(proof, [stranger.publicKey, publicKey])).toMatchObject({
      position,
      entry: { row: { id: made.id, cents: 100 } },
      checkpoint: { origin: 'shop/payments', size: 2 },
    });
    expect(verifyProofFile(Buffer.from(proof), [publicKey])).toMatchObject({ position });
    expect(() => verifyInclusionProof(proof, [stranger.publicKey])).toThrow('No trusted key');
    expect(() => verifyInclusionProof(proof.replace('extra ', 'extra A'), [publicKey])).toThrow();

    const growth = await proveConsistency(open(), first.note);
    expect(growth).toMatchObject({ from: 2, to: 3 });
    expect(verifyConsistencyProof(first.note, growth.proof, [publicKey])).toMatchObject({ size: 3 });
    const files = [first.note, growth.proof].map((text) => Buffer.from(text)) as [Buffer, Buffer];
    expect(verifyConsistencyFile(...files, [publicKey])).toMatchObject({ from: 2, to: 3 });
    expect((await keptCheckpoints(open())).map(({ size }) => size)).toEqual([2, 3]);

    const out = join(folder, `${engine.name}-export`);
    expect(await exportLedger(open(), out)).toBe(3);
    expect(await verifyExport(out, [publicKey])).toMatchObject({ size: 3 });
    expect(await readFile(join(out, 'checkpoint'), 'utf8')).toMatch(/^shop\/payments\n3\n/);
  });

  test('takes a key of several columns as an object or as the JSON array of the ledger', async () => {
    const { db } = opened;
    const ledger = openLedger(db.engine, shop, visits, {
      key,
      checkpoints: join(folder, engine.name),
    });
    await db.session((s) => s.insert(visits, { room: 'a', day: 1, note: 'x' }));
    const { proof } = await proveInclusion(ledger, { day: 1, room: 'a' });
    expect(await proveInclusion(ledger, '["a",1]')).toEqual({ position: 0, proof });
    await expect(proveInclusion(ledger, { room: 'a' })).rejects.toMatchObject({
      code: 'usage',
      message: 'The key of visits lacks the column day.',
    });
    await expect(proveInclusion(ledger, { room: 'b', day: 1 })).rejects.toMatchObject({
      code: 'row-not-found',
    });
  });

  test('names a row that was changed, and refuses to sign or to continue a checkpoint of another history', async () => {
    const { db } = opened;
    const checkpoints = join(folder, engine.name);
    const ledger = openLedger(db.engine, shop, payments, { key, checkpoints });
    const made = await db.session((s) => s.insert(payments, { cents: 1 }));
    const other = openLedger(db.engine, shop, visits, { key, checkpoints });
    const foreign = await checkpointLedger(other);
    await expect(proveConsistency(ledger, foreign.note)).rejects.toMatchObject({ code: 'ledger-conflict' });
    await behindItsBack(db.engine, 'payments', [`UPDATE payments SET cents = 2 WHERE id = '${made.id}'`]);
    expect(await verifyLedger(ledger, { full: true })).toMatchObject({ problems: [{ row_key: made.id }] });
    await expect(checkpointLedger(ledger)).rejects.toMatchObject({ code: 'ledger-tampered' });
  });
});

test('openLedger refuses a table without a ledger, and a malformed key', async () => {
  const [sqlite] = engines;
  if (!sqlite) throw new Error('there are engines');
  expect(ledgersOf(shop)).toEqual([payments, visits]);
  const { db, remove } = await withTables(sqlite, tables);
  expect(() => openLedger(db.engine, shop, plain)).toThrow('The system shop has no ledger of a table plain.');
  expect(() => openLedger(db.engine, shop, payments, { key: 'x' })).toThrow(
    'Invalid private key of a ledger.',
  );
  const unsigned = openLedger(db.engine, shop, payments);
  await expect(checkpointLedger(unsigned)).rejects.toMatchObject({ code: 'usage' });
  await remove();
});

test('a key is replaced: both keys sign a checkpoint, and a handover gives the new key to those who trust the former', async () => {
  const [sqlite] = engines;
  if (!sqlite) throw new Error('there are engines');
  const { db, remove } = await withTables(sqlite, tables);
  const checkpoints = join(folder, 'rotated');
  await checkpointLedger(openLedger(db.engine, shop, payments, { key, checkpoints }));
  await db.session((s) => s.insert(payments, { cents: 1 }));
  const next = newLedgerKey('example.com/shop');
  const former = parsePrivateKey(key);
  const ledger = openLedger(db.engine, shop, payments, {
    checkpoints,
    key: next.key,
    publicKeys: [publicKey],
  });
  const { note } = await checkpointLedger(ledger, former);
  await remove();
  for (const one of [publicKey, next.publicKey])
    expect(readCheckpoint(note, [one])).toMatchObject({ size: 1 });
  const handover = formatHandover(former, parsePrivateKey(next.key));
  expect(acceptHandover(handover, [publicKey])).toBe(next.publicKey);
  expect(() => acceptHandover(handover, [stranger.publicKey])).toThrow('No trusted key');
});

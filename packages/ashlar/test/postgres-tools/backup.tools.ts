import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type Database } from 'ashlar';
import {
  createBackup,
  listBackups,
  newBackupKey,
  pruneBackups,
  restoreBackup,
  verifyBackup,
} from 'ashlar/backup';
import { openEngine } from 'ashlar/extend';
import { newLedgerKey, parseVerifierKey } from 'ashlar/ledger';
import { up } from 'ashlar/migrations';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../../../../test/support/cluster.js';
import { order, shop } from '../backup/setup.js';

const bin = process.env.PG_BIN;
if (!bin) throw new Error('PG_BIN must be a folder of PostgreSQL programs');
const tools = { pgDump: `${bin}/pg_dump`, pgRestore: `${bin}/pg_restore` };

describe('backups of a server', () => {
  let here: Cluster;
  let elsewhere: Cluster;
  let folder: string;
  let db: Database;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ashlar-backup-'));
    here = await startCluster(bin);
    elsewhere = await startCluster(bin);
    await here.run('CREATE DATABASE shop');
    db = await connect(shop, { url: here.url('shop'), ...tools });
    await up(db.engine, shop);
  });
  afterAll(async () => {
    await db.close();
    await here.stop();
    await elsewhere.stop();
    await rm(folder, { recursive: true });
  });

  test('are made, verified, restored elsewhere, and restored over a database', async () => {
    const options = { folder, keys: { key: (await newBackupKey()).key } };
    await order(db, ['one', 'two', 'three']);
    const { name, rows, copy } = await createBackup(db.engine, [shop], options);
    expect({ rows, copy }).toMatchObject({ rows: { orders: 3 }, copy: { format: 'pg-custom' } });
    await order(db, ['four']);
    const at = { url: here.url('shop'), ...tools };
    const verified = await verifyBackup(name, [shop], { ...options, at, live: db.engine });
    expect(verified.ledgers).toMatchObject([{ size: 3, live: 4, relation: 'continued' }]);
    // a server without Ashlar's roles
    await elsewhere.run('CREATE DATABASE shop');
    const to = { url: elsewhere.url('shop'), ...tools };
    const empty = await connect(shop, to);
    await expect(verifyBackup(name, [shop], { ...options, at, live: empty.engine })).rejects.toMatchObject({
      code: 'ledger-conflict',
      message: 'The live database has no ledger shop/orders.',
    });
    await empty.close();
    await restoreBackup(name, [shop], { ...options, to });
    await expect(restoreBackup(name, [shop], { ...options, to })).rejects.toMatchObject({
      code: 'restore-target-not-empty',
    });
    const later = await createBackup(db.engine, [shop], options);
    await restoreBackup(later.name, [shop], { ...options, to, replace: true });
    const restored = await connect(shop, to);
    await order(restored, ['five']);
    await restored.close();
    const counted = await elsewhere.run('SELECT count(*)::int AS n FROM orders', 'shop');
    expect(counted).toEqual([{ n: 5 }]);
    expect(await here.run("SELECT datname FROM pg_database WHERE datname LIKE 'ashlar_%'")).toEqual([]);
  });

  test('count together after one of them is put back, and apart after that of another database', async () => {
    const keys = { key: (await newBackupKey()).key };
    const options = { folder: join(folder, 'counted'), keys };
    await here.run('CREATE DATABASE counted');
    const to = { url: here.url('counted'), ...tools };
    const create = async () => {
      const engine = await openEngine({ ...to, create: false });
      try {
        return await createBackup(engine, [], options);
      } finally {
        await engine.close();
      }
    };
    const counted = await connect(shop, to);
    await up(counted.engine, shop);
    await counted.close();
    const [first, second] = [await create(), await create()];
    await restoreBackup(first.name, [], { ...options, to, replace: true });
    const third = await create();
    const { database, place, incarnation, history } = second.identity ?? {};
    expect(third.identity).toMatchObject({ database, place, number: 3 });
    expect(third.identity?.history.startsWith(`${history}`)).toBe(true);
    expect(third.identity?.incarnation).not.toBe(incarnation);
    await pruneBackups({ folder: options.folder, keep: { last: 1, daily: 0, weekly: 0, monthly: 0 } });
    expect((await listBackups(options.folder)).map(({ name }) => name)).toEqual([second.name, third.name]);
    const others = await createBackup(db.engine, [], { folder: join(folder, 'others'), keys });
    await restoreBackup(others.name, [], { folder: join(folder, 'others'), keys, to, replace: true });
    const after = await create();
    expect(after.identity).toMatchObject({ place, number: 1 });
    expect([database, others.identity?.database]).not.toContain(after.identity?.database);
  });

  test('reject, and end no process, where the state of the database cannot be read', async () => {
    const checkpoints = join(folder, 'checkpoints');
    await mkdir(join(checkpoints, 'shop/orders'), { recursive: true });
    await writeFile(join(checkpoints, 'shop/orders/1.checkpoint'), 'no checkpoint');
    // to make the key of a passphrase takes a second, in which the state is read
    const making = createBackup(db.engine, [shop], {
      folder,
      keys: { key: 'a passphrase of six plain words' },
      checkpoints: {
        folder: checkpoints,
        verifiers: [parseVerifierKey(newLedgerKey('example.com').publicKey)],
      },
    });
    await expect(making).rejects.toMatchObject({ code: 'signature-invalid' });
  });
});

import { readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as ashlar from 'ashlar';
import { describe, expect, test } from 'vitest';
import { failure } from '../engines/sqlite/support.js';
import { behindItsBack } from '../ledger/sabotage.js';
import { everywhere, files, order, shop, worlds } from './setup.js';

const bodies = (count: number, word = 'order') => Array.from({ length: count }, (_, n) => `${word} ${n}`);

describe.each(everywhere)('a backup on $name', (engine) => {
  const makeWorld = worlds();

  test('restores to what the database held when it was made', async () => {
    const world = await makeWorld(engine);
    await order(world.db, bodies(300));
    const held = await world.contents(world.url);
    const manifest = await world.create();
    await order(world.db, bodies(20));
    expect(manifest).toMatchObject({
      label: 'test',
      engine: world.db.engine.label,
      systems: [{ name: 'shop', head: '0001_initial' }],
      rows: { orders: 300, totals: 1 },
      ledgers: [{ ledger: 'shop/orders', size: 300, checkpoint: null }],
    });
    const verified = await world.verify(manifest.name, { live: world.db.engine });
    expect(verified.ledgers).toEqual([
      { ledger: 'shop/orders', size: 300, live: 320, relation: 'continued' },
    ]);
    expect(verified.reports).toMatchObject([{ system: 'shop', ok: true }]);
    const url = world.elsewhere();
    await world.restore(manifest.name, { to: { url, key: world.key } });
    expect(await world.contents(url)).toEqual(held);
    const listed = await ashlar.listBackups(world.backups.folder);
    expect(listed).toMatchObject([
      { name: manifest.name, verifiedAt: verified.verifiedAt, problem: undefined },
    ]);
  });

  test('is not restored over anything, unless that is meant', async () => {
    const world = await makeWorld(engine);
    await order(world.db, bodies(10));
    const { name } = await world.create();
    const url = world.elsewhere();
    const to = { url, key: world.key };
    await world.restore(name, { to });
    await failure('restore-target-not-empty', () => world.restore(name, { to }));
    await order(world.db, bodies(5));
    const later = await world.create();
    expect(await world.contents(url)).toMatchObject({ orders: 10 });
    await world.restore(later.name, { to, replace: true });
    expect(await world.contents(url)).toMatchObject({ orders: 15 });
  });

  test('is not restored where a check fails, and the place stays as it was', async () => {
    const world = await makeWorld(engine);
    await order(world.db, bodies(10));
    const url = world.elsewhere();
    const to = { url, key: world.key };
    await world.restore((await world.create()).name, { to });
    await behindItsBack(world.db.engine, 'orders', [
      `UPDATE orders SET body = 'other' WHERE body = 'order 5'`,
    ]);
    const { name } = await world.create();
    await failure('guarantee-broken', () => world.verify(name));
    await failure('guarantee-broken', () => world.restore(name, { to, replace: true }));
    expect(await world.contents(url)).toMatchObject({ orders: 10 });
    await failure('guarantee-broken', () => world.restore(name, { to: { ...to, url: world.elsewhere() } }));
    expect((await readdir(world.folder)).sort()).toEqual(['backups', 'other-0.db']);
    expect((await ashlar.listBackups(world.backups.folder)).at(-1)?.verifiedAt).toBeUndefined();
  });

  test('names a live history that was rewound, or has forked', async () => {
    const world = await makeWorld(engine);
    await order(world.db, bodies(10));
    const early = await world.create();
    await order(world.db, bodies(10));
    const late = await world.create();
    const url = world.elsewhere();
    await world.restore(early.name, { to: { url, key: world.key } });
    const rewound = await ashlar.connect(shop, { url, key: world.key });
    try {
      const first = await failure('ledger-conflict', () => world.verify(late.name, { live: rewound.engine }));
      expect(first.message).toMatch(/was rewound/);
      await order(rewound, bodies(30, 'another'));
      const second = await failure('ledger-conflict', () =>
        world.verify(late.name, { live: rewound.engine }),
      );
      expect(second.message).toMatch(/have forked/);
      await world.verify(early.name, { live: rewound.engine });
    } finally {
      await rewound.close();
    }
    const verified = await ashlar.listBackups(world.backups.folder);
    expect(verified.map(({ verifiedAt }) => verifiedAt !== undefined)).toEqual([true, true]);
  });

  test('is held against a live database that was never set up, which is said', async () => {
    const world = await makeWorld(engine);
    await order(world.db, bodies(3));
    const { name } = await world.create();
    const empty = await ashlar.connect(shop, { url: world.elsewhere(), key: world.key });
    try {
      const error = await failure('ledger-conflict', () => world.verify(name, { live: empty.engine }));
      expect(error.message).toBe('The live database has no ledger shop/orders.');
    } finally {
      await empty.close();
    }
    // that says nothing against the backup
    expect((await ashlar.listBackups(world.backups.folder)).at(-1)?.verifiedAt).toBeDefined();
  });
});

// whatever the engine is
describe.each(files.slice(0, 1))('a backup', (engine) => {
  const makeWorld = worlds();

  test('leaves nothing but two files, which only their owner can read', async () => {
    const world = await makeWorld(engine);
    const { name } = await world.create();
    const { folder } = world.backups;
    expect((await readdir(folder)).sort()).toEqual([`${name}.age`, `${name}.json`]);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    for (const file of await readdir(folder))
      expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600);
  });

  test('is refused with any other key, and made by one that cannot open it', async () => {
    const world = await makeWorld(engine);
    const { name } = await ashlar.createBackup(world.db.engine, [shop], {
      ...world.backups,
      keys: { recipients: [world.recipient] },
    });
    const other = await ashlar.newBackupKey();
    await failure('backup-key-wrong', () => world.verify(name, { keys: { key: other.key } }));
    await failure('backup-key-missing', () =>
      world.verify(name, { keys: { recipients: [world.recipient] } }),
    );
    await failure('backup-key-missing', () => world.verify(name, { keys: {} }));
    await world.verify(name);
  });

  test('is refused with the manifest of another, also where that was made to fit', async () => {
    const world = await makeWorld(engine);
    const one = await world.create();
    await order(world.db, bodies(3));
    const two = await world.create();
    const at = (name: string) => join(world.backups.folder, `${name}.json`);
    const [first, second] = [await readFile(at(one.name), 'utf8'), await readFile(at(two.name), 'utf8')];
    await writeFile(at(one.name), second);
    await failure('backup-manifest-mismatch', () => world.verify(one.name));
    await writeFile(at(one.name), first.replace('"rows": {', '"rows":  {'));
    await failure('backup-damaged', () => world.verify(one.name));
    // whoever makes up a manifest can make up its checksum, but not its seal
    const { signManifest, formatManifest } = await import('../../src/backup/manifest.js');
    const { seal: _, checksum: __, ...draft } = JSON.parse(first) as ashlar.BackupManifest;
    const forged = signManifest({ ...draft, rows: { ...draft.rows, orders: 5 } }, Buffer.alloc(16));
    await writeFile(at(one.name), formatManifest(forged));
    await failure('backup-manifest-mismatch', () => world.verify(one.name));
    await failure('backup-manifest-mismatch', () =>
      world.restore(one.name, { to: { url: world.elsewhere(), key: world.key } }),
    );
    await writeFile(at(one.name), first);
    await world.verify(one.name);
    await rename(
      join(world.backups.folder, `${one.name}.age`),
      join(world.backups.folder, `${two.name}.age`),
    );
    await failure('backup-damaged', () => world.verify(two.name));
    const [listed] = await ashlar.listBackups(world.backups.folder);
    expect(listed?.problem).toContain('is missing');
  });

  test('is pruned by its rules, whatever process looks on', async () => {
    const world = await makeWorld(engine);
    const names: string[] = [];
    for (let n = 0; n < 4; n++) names.push((await world.create()).name);
    await world.verify(names[0] ?? '');
    const keep = { last: 1, daily: 0, weekly: 0, monthly: 0 };
    const { folder } = world.backups;
    const planned = await ashlar.pruneBackups({ folder, keep, dryRun: true });
    expect(planned.filter(({ verdict }) => verdict === 'kept').map(({ name }) => name)).toEqual([
      names[3],
      names[0],
    ]);
    expect(await ashlar.listBackups(folder)).toHaveLength(4);
    expect(await ashlar.pruneBackups({ folder, keep, label: 'another' })).toEqual([]);
    expect(await ashlar.pruneBackups({ folder, keep })).toEqual(planned);
    expect((await ashlar.listBackups(folder)).map(({ name }) => name)).toEqual([names[0], names[3]]);
    expect(await readdir(folder)).toHaveLength(5);
  });
});

describe.each(files)('a backup of a $name file', (engine) => {
  const makeWorld = worlds();

  test('is not restored over a database that is in use', async () => {
    const world = await makeWorld(engine);
    await order(world.db, bodies(10));
    const { name } = await world.create();
    await order(world.db, bodies(1));
    await failure('database-locked', () => world.restore(name, { replace: true }));
    await order(world.db, bodies(1));
    expect(await world.contents(world.url)).toMatchObject({ orders: 12, totals: { orders: 12 } });
  });

  test('is the whole, and no half, of what another process writes meanwhile', async () => {
    const world = await makeWorld(engine);
    await order(world.db, bodies(1));
    const writer = await world.writer();
    const names: string[] = [];
    for (let n = 0; n < 8; n++) names.push((await world.create()).name);
    const { writes } = await writer.stop();
    expect(writes).toBeGreaterThan(8);
    for (const name of names) {
      const url = world.elsewhere();
      const { manifest } = await world.restore(name, { to: { url, key: world.key } });
      const { orders, letters, totals } = await world.contents(url);
      expect({ orders, letters }).toEqual(totals);
      expect(manifest.rows.orders).toBe(orders);
    }
    const listed = await ashlar.listBackups(world.backups.folder);
    expect(listed.map(({ name }) => name)).toEqual(names);
  });
});

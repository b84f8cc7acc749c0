import { readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'ashlar';
import { type BackupManifest, createBackup, listBackups, newBackupKey, pruneBackups } from 'ashlar/backup';
import { describe, expect, test } from 'vitest';
import { oneOfEach } from '../../../../test/support/engines.js';
import { failure } from '../engines/sqlite/support.js';
import { behindItsBack } from '../ledger/sabotage.js';
import { everywhere, fixtures, order, shop } from './setup.js';

const { withoutRoles: files } = oneOfEach(import.meta.url);
const chosen = everywhere.filter((each) => each.name === 'pglite' || files.includes(each));

const bodies = (count: number, word = 'order') => Array.from({ length: count }, (_, n) => `${word} ${n}`);

describe.each(chosen)('a backup on $name', (engine) => {
  const newFixture = fixtures();

  test('restores the state of the database when the backup was made', async () => {
    const fixture = await newFixture(engine);
    await order(fixture.db, bodies(300));
    const held = await fixture.contents(fixture.url);
    const manifest = await fixture.create();
    await order(fixture.db, bodies(20));
    expect(manifest).toMatchObject({
      label: 'test',
      engine: fixture.db.engine.label,
      systems: [{ name: 'shop', head: '0001_initial' }],
      rows: { orders: 300, totals: 1 },
      ledgers: [{ ledger: 'shop/orders', size: 300, checkpoint: null }],
    });
    const verified = await fixture.verify(manifest.name, { live: fixture.db.engine });
    expect(verified.ledgers).toEqual([
      { ledger: 'shop/orders', size: 300, live: 320, relation: 'continued' },
    ]);
    expect(verified.reports).toMatchObject([{ system: 'shop', ok: true }]);
    const url = fixture.elsewhere();
    await fixture.restore(manifest.name, { to: { url, key: fixture.key } });
    expect(await fixture.contents(url)).toEqual(held);
    const listed = await listBackups(fixture.backups.folder);
    expect(listed).toMatchObject([
      { name: manifest.name, verifiedAt: verified.verifiedAt, problem: undefined },
    ]);
  });

  test('is restored over an existing database only with replace', async () => {
    const fixture = await newFixture(engine);
    await order(fixture.db, bodies(10));
    const { name } = await fixture.create();
    const url = fixture.elsewhere();
    const to = { url, key: fixture.key };
    await fixture.restore(name, { to });
    await failure('restore-target-not-empty', () => fixture.restore(name, { to }));
    await order(fixture.db, bodies(5));
    const later = await fixture.create();
    expect(await fixture.contents(url)).toMatchObject({ orders: 10 });
    await fixture.restore(later.name, { to, replace: true });
    expect(await fixture.contents(url)).toMatchObject({ orders: 15 });
  });

  test('that does not verify is restored on explicit request only, and every failure is returned', async () => {
    const fixture = await newFixture(engine);
    await order(fixture.db, bodies(10));
    await fixture.db.engine.seal();
    const [row] = (await fixture.db.engine.read('SELECT id FROM orders LIMIT 1', [])).rows;
    await behindItsBack(fixture.db.engine, 'orders', [
      `UPDATE orders SET body = 'x' WHERE id = '${row?.id}'`,
    ]);
    const held = await fixture.contents(fixture.url);
    const { name } = await fixture.create();
    const url = fixture.elsewhere();
    const to = { url, key: fixture.key };
    await failure('guarantee-broken', () => fixture.restore(name, { to }));
    const { failures, reports } = await fixture.restore(name, { to, evenIfUnverified: true });
    expect(failures).toMatchObject([
      {
        code: 'guarantee-broken',
        message: expect.stringContaining('the column body was changed after it was written'),
      },
    ]);
    expect(reports).toMatchObject([{ system: 'shop', ok: false }]);
    expect(await fixture.contents(url)).toEqual(held);
    const sound = await newFixture(engine);
    await order(sound.db, bodies(2));
    const other = await sound.create();
    expect(
      await sound.restore(other.name, {
        to: { url: sound.elsewhere(), key: sound.key },
        evenIfUnverified: true,
      }),
    ).toMatchObject({
      failures: [],
    });
  });

  test('is not restored if a check fails, and the target stays unchanged', async () => {
    const fixture = await newFixture(engine);
    await order(fixture.db, bodies(10));
    const url = fixture.elsewhere();
    const to = { url, key: fixture.key };
    await fixture.restore((await fixture.create()).name, { to });
    await behindItsBack(fixture.db.engine, 'orders', [
      `UPDATE orders SET body = 'other' WHERE body = 'order 5'`,
    ]);
    const { name } = await fixture.create();
    await failure('guarantee-broken', () => fixture.verify(name));
    await failure('guarantee-broken', () => fixture.restore(name, { to, replace: true }));
    expect(await fixture.contents(url)).toMatchObject({ orders: 10 });
    await failure('guarantee-broken', () =>
      fixture.restore(name, { to: { ...to, url: fixture.elsewhere() } }),
    );
    expect((await readdir(fixture.folder)).sort()).toEqual(['backups', 'other-0.db']);
    expect((await listBackups(fixture.backups.folder)).at(-1)?.verifiedAt).toBeUndefined();
  });

  test('shows that the live ledger was rewound, or has forked', async () => {
    const fixture = await newFixture(engine);
    await order(fixture.db, bodies(10));
    const early = await fixture.create();
    await order(fixture.db, bodies(10));
    const late = await fixture.create();
    const url = fixture.elsewhere();
    await fixture.restore(early.name, { to: { url, key: fixture.key } });
    const rewound = await connect(shop, { url, key: fixture.key });
    try {
      const first = await failure('ledger-conflict', () =>
        fixture.verify(late.name, { live: rewound.engine }),
      );
      expect(first.message).toMatch(/was rewound/);
      await order(rewound, bodies(30, 'another'));
      const second = await failure('ledger-conflict', () =>
        fixture.verify(late.name, { live: rewound.engine }),
      );
      expect(second.message).toMatch(/have forked/);
      await fixture.verify(early.name, { live: rewound.engine });
    } finally {
      await rewound.close();
    }
    const verified = await listBackups(fixture.backups.folder);
    expect(verified.map(({ verifiedAt }) => verifiedAt !== undefined)).toEqual([true, true]);
  });

  test('shows that the live database is not initialised', async () => {
    const fixture = await newFixture(engine);
    await order(fixture.db, bodies(3));
    const { name } = await fixture.create();
    const empty = await connect(shop, { url: fixture.elsewhere(), key: fixture.key });
    try {
      const error = await failure('ledger-conflict', () => fixture.verify(name, { live: empty.engine }));
      expect(error.message).toBe('The live database has no ledger shop/orders.');
    } finally {
      await empty.close();
    }
    // the backup is valid all the same
    expect((await listBackups(fixture.backups.folder)).at(-1)?.verifiedAt).toBeDefined();
  });
});

// the same for every engine
describe.each(files.slice(0, 1))('a backup', (engine) => {
  const newFixture = fixtures();

  test('consists of two files, which only their owner can read', async () => {
    const fixture = await newFixture(engine);
    const { name } = await fixture.create();
    const { folder } = fixture.backups;
    expect((await readdir(folder)).sort()).toEqual([`${name}.age`, `${name}.json`]);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    for (const file of await readdir(folder))
      expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600);
  });

  test('is refused with another key, and can be made with a key that cannot open it', async () => {
    const fixture = await newFixture(engine);
    const { name } = await createBackup(fixture.db.engine, [shop], {
      ...fixture.backups,
      keys: { recipients: [fixture.recipient] },
    });
    const other = await newBackupKey();
    await failure('backup-key-wrong', () => fixture.verify(name, { keys: { key: other.key } }));
    await failure('backup-key-missing', () =>
      fixture.verify(name, { keys: { recipients: [fixture.recipient] } }),
    );
    await failure('backup-key-missing', () => fixture.verify(name, { keys: {} }));
    await fixture.verify(name);
  });

  test('is refused with the manifest of another backup, also with an adapted one', async () => {
    const fixture = await newFixture(engine);
    const one = await fixture.create();
    await order(fixture.db, bodies(3));
    const two = await fixture.create();
    const at = (name: string) => join(fixture.backups.folder, `${name}.json`);
    const [first, second] = [await readFile(at(one.name), 'utf8'), await readFile(at(two.name), 'utf8')];
    await writeFile(at(one.name), second);
    await failure('backup-manifest-mismatch', () => fixture.verify(one.name));
    await writeFile(at(one.name), first.replace('"rows": {', '"rows":  {'));
    await failure('backup-damaged', () => fixture.verify(one.name));
    // an attacker can compute the checksum of a forged manifest, but not its MAC
    const { signManifest, formatManifest } = await import('../../src/backup/manifest.js');
    const { seal: _, checksum: __, ...draft } = JSON.parse(first) as BackupManifest;
    const forged = signManifest({ ...draft, rows: { ...draft.rows, orders: 5 } }, Buffer.alloc(16));
    await writeFile(at(one.name), formatManifest(forged));
    await failure('backup-manifest-mismatch', () => fixture.verify(one.name));
    await failure('backup-manifest-mismatch', () =>
      fixture.restore(one.name, { to: { url: fixture.elsewhere(), key: fixture.key } }),
    );
    await writeFile(at(one.name), first);
    await fixture.verify(one.name);
    await rename(
      join(fixture.backups.folder, `${one.name}.age`),
      join(fixture.backups.folder, `${two.name}.age`),
    );
    await failure('backup-damaged', () => fixture.verify(two.name));
    const [listed] = await listBackups(fixture.backups.folder);
    expect(listed?.problem).toContain('is missing');
  });

  test('is pruned by the keep rules while other processes list the folder', async () => {
    const fixture = await newFixture(engine);
    const names: string[] = [];
    for (let n = 0; n < 4; n++) names.push((await fixture.create()).name);
    await fixture.verify(names[0] ?? '');
    const keep = { last: 1, daily: 0, weekly: 0, monthly: 0 };
    const { folder } = fixture.backups;
    const planned = await pruneBackups({ folder, keep, dryRun: true });
    expect(planned.filter(({ verdict }) => verdict === 'kept').map(({ name }) => name)).toEqual([
      names[3],
      names[0],
    ]);
    expect(await listBackups(folder)).toHaveLength(4);
    expect(await pruneBackups({ folder, keep, label: 'another' })).toEqual([]);
    expect(await pruneBackups({ folder, keep })).toEqual(planned);
    expect((await listBackups(folder)).map(({ name }) => name)).toEqual([names[0], names[3]]);
    expect(await readdir(folder)).toHaveLength(5);
  });
});

describe.each(files)('a backup of a $name file', (engine) => {
  const newFixture = fixtures();

  test('is not restored over a database that is in use', async () => {
    const fixture = await newFixture(engine);
    await order(fixture.db, bodies(10));
    const { name } = await fixture.create();
    await order(fixture.db, bodies(1));
    await failure('database-locked', () => fixture.restore(name, { replace: true }));
    await order(fixture.db, bodies(1));
    expect(await fixture.contents(fixture.url)).toMatchObject({ orders: 12, totals: { orders: 12 } });
  });

  test('contains complete transactions of another process that writes at the same time', async () => {
    const fixture = await newFixture(engine);
    await order(fixture.db, bodies(1));
    const writer = await fixture.writer();
    const names: string[] = [];
    for (let n = 0; n < 8; n++) names.push((await fixture.create()).name);
    const { writes } = await writer.stop();
    expect(writes).toBeGreaterThan(8);
    for (const name of names) {
      const url = fixture.elsewhere();
      const { manifest } = await fixture.restore(name, { to: { url, key: fixture.key } });
      const { orders, letters, totals } = await fixture.contents(url);
      expect({ orders, letters }).toEqual(totals);
      expect(manifest.rows.orders).toBe(orders);
    }
    const listed = await listBackups(fixture.backups.folder);
    expect(listed.map(({ name }) => name)).toEqual(names);
  });
});

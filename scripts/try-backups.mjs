// Long trials of backups, on an encrypted file, with the built package. Usage:
//   node scripts/try-backups.mjs writer [200] | damage [1000] | kill create|restore|prune [100] | full MOUNTPOINT
// writer  backups of a growing database under writers without pause; verifies each; reports the longest write
// damage  changes random bytes or cuts off the end of a backup's files; each must be refused with an error code
// kill    kill -9 at random moments; then verifies the listed backups and the target of a restore
// full    all of it on a small, full file system (mount -t tmpfs -o size=8m none MOUNTPOINT)
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { dialects } from '../packages/ashlar/build/engines/open.js';
import {
  createBackup,
  listBackups,
  newBackupKey,
  pruneBackups,
  restoreBackup,
  verifyBackup,
} from '../packages/ashlar/dist/backup/index.js';
import { openEngine } from '../packages/ashlar/dist/extend/index.js';
import * as guarantees from '../packages/ashlar/dist/guarantees/index.js';
import * as ashlar from '../packages/ashlar/dist/index.js';
import { up } from '../packages/ashlar/dist/migrations/index.js';
import { makeShop, order } from '../packages/ashlar/test/backup/shop.mjs';

const base = mkdtempSync(join(tmpdir(), 'ashlar-trial-'));
const key = randomBytes(32).toString('hex');
const backupKey = (await newBackupKey()).key.reveal();
const keys = { key: backupKey };
const migrations = pathToFileURL(`${join(base, 'migrations')}/`);
const shop = makeShop(ashlar, guarantees, migrations);
const program = (name) => fileURLToPath(new URL(`../packages/ashlar/test/backup/${name}`, import.meta.url));

const newDatabase = async (url) => {
  const dialect = await dialects.sqlite();
  mkdirSync(new URL('0001_initial/', migrations), { recursive: true });
  writeFileSync(
    new URL('0001_initial/up.sqlite.sql', migrations),
    Object.values(shop.tables)
      .flatMap((table) => dialect.createTable(table))
      .map((sql) => `${sql};\n`)
      .join('\n'),
  );
  const db = await ashlar.connect(shop, { url, key });
  await up(db.engine, shop);
  return db;
};

const assert = (condition, message) => {
  if (!condition) throw new Error(message);
};

/** Checks that both tables agree. @returns the number of orders */
const ordersAt = async (url) => {
  const engine = await openEngine({ url, key, create: false });
  const [row] = await engine.asOwner(({ run }) =>
    run(
      'SELECT count(*) AS n, coalesce(sum(length(body)), 0) AS l, (SELECT orders FROM totals) AS orders, (SELECT letters FROM totals) AS letters FROM orders',
    ),
  );
  await engine.close();
  assert(row.n === row.orders && row.l === row.letters, `torn: ${JSON.stringify(row)}`);
  return row.n;
};

const ordersIn = (count, size = 30) => Array.from({ length: count }, () => randomBytes(size).toString('hex'));

const started = (file, args) => {
  const child = spawn(process.execPath, [program(file), ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const state = { child, output: '' };
  state.ended = new Promise((resolve) => child.once('close', resolve));
  state.ready = new Promise((resolve) =>
    child.stdout.on('data', (text) => {
      state.output += text;
      if (state.output.includes('ready')) resolve();
    }),
  );
  return state;
};

const trials = {
  writer: async (count = 200) => {
    const url = `sqlcipher:${join(base, 'shop.db')}`;
    const folder = join(base, 'backups');
    const db = await newDatabase(url);
    await order(db, ordersIn(2_000, 200));
    const args = [url, key, migrations.href];
    const writers = () => [started('writer.mjs', args), started('writer.mjs', [...args, '3'])];
    const output = (when, those) =>
      console.log(when, ...those.map(({ output }) => output.trim().split('\n').at(-1)));
    const alone = writers();
    await Promise.all(alone.map(({ ready }) => ready));
    await sleep(20_000);
    for (const { child } of alone) child.stdin.end();
    await Promise.all(alone.map(({ ended }) => ended));
    output('two writers alone    ', alone);
    const busy = writers();
    await Promise.all(busy.map(({ ready }) => ready));
    let longest = 0;
    const made = [];
    for (let n = 1; n <= count; n++) {
      const start = performance.now();
      made.push(await createBackup(db.engine, [shop], { folder, keys }));
      longest = Math.max(longest, performance.now() - start);
    }
    for (const { child } of busy) child.stdin.end();
    await Promise.all(busy.map(({ ended }) => ended));
    console.log(`${count} backups made, of ${made[0].rows.orders} to ${made.at(-1).rows.orders} orders`);
    const to = { url: `sqlcipher:${join(base, 'restored.db')}`, key };
    let last = 0;
    for (const { name, rows } of made) {
      await verifyBackup(name, [shop], { folder, keys, live: db.engine });
      await restoreBackup(name, [shop], { folder, keys, to, replace: true });
      const orders = await ordersAt(to.url);
      assert(orders === rows.orders && orders >= last, 'wrong number of orders');
      last = orders;
    }
    output('two writers and backups', busy);
    console.log(`${count} of ${count} valid; the longest took ${Math.round(longest)} ms to make`);
    await db.close();
  },

  damage: async (count = 1_000) => {
    const folder = join(base, 'backups');
    const db = await newDatabase(`sqlcipher:${join(base, 'shop.db')}`);
    await order(db, ordersIn(500));
    const one = await createBackup(db.engine, [shop], { folder, keys });
    await order(db, ordersIn(1));
    const other = await createBackup(db.engine, [shop], { folder, keys });
    await db.close();
    const known = new Map();
    for (let n = 0; n < count; n++) {
      const its = join(base, 'changed');
      rmSync(its, { recursive: true, force: true });
      mkdirSync(its);
      for (const ending of ['.age', '.json'])
        copyFileSync(join(folder, one.name + ending), join(its, one.name + ending));
      const path = join(its, one.name + (Math.random() < 0.5 ? '.age' : '.json'));
      const bytes = readFileSync(path);
      const at = Math.floor(Math.random() * bytes.length);
      const kind = n % 10;
      if (kind === 0) copyFileSync(join(folder, `${other.name}.json`), join(its, `${one.name}.json`));
      else if (kind < 4) writeFileSync(path, bytes.subarray(0, at));
      else {
        bytes[at] ^= 1 + Math.floor(Math.random() * 255);
        writeFileSync(path, bytes);
      }
      const to = { url: `sqlcipher:${join(base, 'never.db')}`, key };
      for (const work of [
        () => verifyBackup(one.name, [shop], { folder: its, keys }),
        () => restoreBackup(one.name, [shop], { folder: its, keys, to }),
      ]) {
        const code = await work().then(
          () => 'accepted',
          (error) => error.code,
        );
        known.set(code, (known.get(code) ?? 0) + 1);
      }
    }
    console.log(`${count} changes, each refused by verify and by restore:`, Object.fromEntries(known));
    const names = ['backup-damaged', 'backup-manifest-mismatch', 'backup-key-wrong'];
    assert(
      [...known.keys()].every((code) => names.includes(code)),
      'a change was accepted, or refused with another code',
    );
    assert(!readdirSync(base).includes('never.db'), 'a changed backup was restored');
  },

  kill: async (what = 'create', count = 100) => {
    const [url, to] = ['shop.db', 'restored.db'].map((name) => `sqlcipher:${join(base, name)}`);
    const folder = join(base, 'backups');
    const db = await newDatabase(url);
    await order(db, ordersIn(2_000));
    const first = await createBackup(db.engine, [shop], { folder, keys });
    await restoreBackup(first.name, [shop], { folder, keys, to: { url: to, key } });
    const work =
      what === 'prune'
        ? ['create', 'create', 'prune']
        : what === 'create'
          ? ['create', 'prune']
          : [what, 'create'];
    const request = { url, key, to, migrations: migrations.href, folder, backupKey, work };
    let [done, acknowledged, usual] = [0, first.name, 0];
    // how long one round takes on this machine
    const measured = started('worker.mjs', [JSON.stringify(request)]);
    await measured.ready;
    const start = performance.now();
    while (measured.output.trim().split('\n').length <= work.length) await sleep(5);
    usual = performance.now() - start;
    measured.child.kill('SIGKILL');
    await measured.ended;
    acknowledged = /^made (.+)\n/m.exec(measured.output)?.[1] ?? acknowledged;
    for (let n = 1; n <= count; n++) {
      const worker = started('worker.mjs', [JSON.stringify(request)]);
      await worker.ready;
      // some kills before the first step ends, most during a step
      await sleep(Math.random() * usual * 1.5);
      worker.child.kill('SIGKILL');
      await worker.ended;
      const made = [...worker.output.matchAll(/^made (.+)\n/gm)].map(([, name]) => name);
      done += worker.output.trim().split('\n').length - 1;
      acknowledged = made.at(-1) ?? acknowledged;
      const listed = await listBackups(folder);
      assert(
        listed.every(({ problem }) => problem === undefined),
        'an invalid backup is listed',
      );
      assert(
        listed.some(({ name }) => name === acknowledged),
        'a finished backup is lost',
      );
      await verifyBackup(listed.at(-1).name, [shop], { folder, keys });
      await ordersAt(to);
      await ordersAt(url);
    }
    await pruneBackups({ folder, keep: { last: 3 } });
    const last = await createBackup(db.engine, [shop], { folder, keys });
    await restoreBackup(last.name, [shop], { folder, keys, to: { url: to, key }, replace: true });
    for (const { name } of await listBackups(folder))
      await verifyBackup(name, [shop], { folder, keys, live: db.engine });
    await db.close();
    const left = [...readdirSync(folder), ...readdirSync(base)].filter((name) => name.startsWith('.'));
    assert(left.length === 0, `left behind: ${left}`);
    console.log(
      `${what}: killed ${count} times, ${done} steps done in between; all listed backups valid, none lost`,
    );
  },

  full: async (mount) => {
    assert(mount, 'pass the mount point of a small file system');
    const { blocks, bsize } = statfsSync(mount);
    // the trial fills it
    assert(blocks * bsize <= 64 << 20, `the file system at ${mount} is larger than 64 MiB`);
    const url = `sqlcipher:${join(base, 'shop.db')}`;
    const folder = join(mount, 'backups');
    const db = await newDatabase(url);
    await order(db, ordersIn(1_500));
    const codes = [];
    const tried = async (name, work) => {
      codes.push(
        `${name}: ${await work().then(
          () => 'done',
          (error) => error.code,
        )}`,
      );
    };
    const create = () => createBackup(db.engine, [shop], { folder, keys });
    const first = await create();
    await verifyBackup(first.name, [shop], { folder, keys });
    const to = { url: `sqlcipher:${join(mount, 'restored.db')}`, key };
    await restoreBackup(first.name, [shop], { folder, keys, to });
    writeFileSync(join(mount, 'ballast'), '');
    for (let size = 1 << 20; size >= 4096; size >>= 1) {
      try {
        for (;;) writeFileSync(join(mount, 'ballast'), Buffer.alloc(size), { flag: 'a' });
      } catch {
        // smaller pieces may still fit
      }
    }
    await tried('create', create);
    await tried('restore', () => restoreBackup(first.name, [shop], { folder, keys, to, replace: true }));
    await tried('prune', () => pruneBackups({ folder, keep: { last: 1 } }));
    const listed = await listBackups(folder);
    assert(listed.length === 1 && listed[0].problem === undefined, 'a finished backup is lost');
    await verifyBackup(first.name, [shop], { folder, keys });
    rmSync(join(mount, 'ballast'));
    await ordersAt(to.url);
    await create();
    await restoreBackup(first.name, [shop], { folder, keys, to, replace: true });
    const left = [...readdirSync(folder), ...readdirSync(mount)].filter((name) => name.startsWith('.'));
    assert(left.length === 0, `left behind: ${left}`);
    await db.close();
    console.log(
      `full: ${codes.join(' · ')}; all listed backups valid, none lost, and all works after space is freed`,
    );
  },
};

const [name, ...given] = process.argv.slice(2);
try {
  assert(trials[name], 'unknown trial: use writer, damage, kill or full');
  await trials[name](...given.map((word) => (/^\d+$/.test(word) ? Number(word) : word)));
} finally {
  rmSync(base, { recursive: true, force: true });
}

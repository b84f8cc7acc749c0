// Kills `ashlar key rotate database` and `ashlar import` with SIGKILL at random moments, and runs both on a full disk. Opens
// the database and counts its rows after each. Usage: node scripts/kill-keys.mjs [KILLS of each, default 100]
// The full disk is a small tmpfs, which only root can mount; otherwise that part is skipped with a message.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openEngine } from '../packages/ashlar/dist/extend/index.js';

const cli = fileURLToPath(new URL('../packages/ashlar/dist/cli/main.js', import.meta.url));
const kills = Number(process.argv[2] ?? 100);
const folder = mkdtempSync(join(tmpdir(), 'ashlar-kill-'));
const keys = ['0a', '0b'].map((digits) => digits.repeat(32));
const keyFiles = keys.map((_, n) => join(folder, `${n}.key`));
const rows = 40_000;

const ashlar = (...words) => spawnSync(process.execPath, [cli, ...words], { encoding: 'utf8', cwd: folder });

/** How long a command takes without a kill. */
const lasting = (...words) => {
  const started = performance.now();
  const { status, stderr } = ashlar(...words);
  if (status !== 0) throw new Error(`ashlar ${words.join(' ')} exited with ${status}\n${stderr}`);
  return performance.now() - started;
};

const killed = (words, within) =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [cli, ...words], { stdio: 'ignore', cwd: folder });
    const timer = setTimeout(() => child.kill('SIGKILL'), within);
    child.on('exit', () => {
      clearTimeout(timer);
      resolve();
    });
  });

const fill = async (path, count) => {
  const engine = await openEngine({ url: `sqlcipher:${path}`, key: keys[0] });
  await engine.asOwner((owner) =>
    owner.script(`CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT);
      INSERT INTO notes SELECT value, hex(randomblob(200)) FROM
        (WITH RECURSIVE s (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM s LIMIT ${count}) SELECT value FROM s)`),
  );
  await engine.close();
};

const count = async (path, key) => {
  const engine = await openEngine({ url: `sqlcipher:${path}`, key, create: false });
  try {
    const sql =
      'SELECT count(*) AS n, (SELECT group_concat(integrity_check) FROM pragma_integrity_check) AS whole FROM notes';
    const { rows: found } = await engine.read(sql, []);
    if (found[0].whole !== 'ok') throw new Error(`${path}: ${found[0].whole}`);
    return found[0].n;
  } finally {
    await engine.close();
  }
};

/** Which of the two keys opens the file: exactly one must. */
const keyOf = async (path, expected) => {
  const opened = [];
  for (const [n, key] of keys.entries()) {
    try {
      if ((await count(path, key)) !== expected) throw new Error(`${path}: rows are missing`);
      opened.push(n);
    } catch (error) {
      if (error.code !== 'key-wrong') throw error;
    }
  }
  if (opened.length !== 1) throw new Error(`${path} opens with ${opened.length} of two keys`);
  return opened[0];
};

const rotation = (path, from) => [
  ...['key', 'rotate', 'database', '--url', `sqlcipher:${path}`],
  ...['--key-file', keyFiles[from], '--new-key-file', keyFiles[1 - from]],
];
const importing = (from, to) => [
  ...['import', from, '--from-key-file', keyFiles[0], '--to', `sqlcipher:${to}`, '--key-file', keyFiles[0]],
];

const killRotations = async (path) => {
  const duration = lasting(...rotation(path, 0));
  let now = await keyOf(path, rows);
  const outcomes = { 'old key': 0, 'new key': 0 };
  for (let n = 0; n < kills; n++) {
    await killed(rotation(path, now), duration * (0.2 + Math.random()));
    const then = await keyOf(path, rows);
    outcomes[then === now ? 'old key' : 'new key']++;
    now = then;
  }
  lasting(...rotation(path, now));
  const left = readdirSync(folder).filter((name) => name.startsWith('app.db.key-'));
  console.log(
    `rotate: killed ${kills} times (without a kill: ${Math.round(duration)} ms); after it`,
    outcomes,
    'left over:',
    left.length,
  );
};

const killImports = async (path) => {
  const to = join(folder, 'imported.db');
  const source = join(folder, 'source.db');
  await fill(source, rows);
  const duration = lasting(...importing(source, to));
  const outcomes = { missing: 0, complete: 0 };
  for (let n = 0; n < kills; n++) {
    rmSync(to, { force: true });
    await killed(importing(source, to), duration * (0.2 + Math.random()));
    if (!existsSync(to)) outcomes.missing++;
    else if ((await count(to, keys[0])) === rows) outcomes.complete++;
    else throw new Error('half a database');
  }
  rmSync(to, { force: true });
  lasting(...importing(source, to));
  const left = readdirSync(folder).filter((name) => name.startsWith('imported.db.import-'));
  if ((await count(source, keys[0])) !== rows) throw new Error('the source was changed');
  console.log(
    `import: killed ${kills} times (without a kill: ${Math.round(duration)} ms); after it`,
    outcomes,
    'left over:',
    left.length,
  );
  return path;
};

const fullDisk = async () => {
  const mount = join(folder, 'small');
  mkdirSync(mount);
  const size = 8 * 1024;
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}k`, 'tmpfs', mount]).status !== 0) {
    console.log('full disk: skipped, because a tmpfs cannot be mounted here');
    return;
  }
  try {
    const path = join(mount, 'app.db');
    await fill(path, 6000);
    const used = statSync(path).size / 1024;
    let refused = 0;
    let done = 0;
    let now = 0;
    const filler = join(mount, 'filler');
    for (let free = 0; free < size - used; free += 128) {
      rmSync(filler, { force: true });
      writeFileSync(filler, Buffer.alloc(Math.max(0, (size - used - free) * 1024 - 4096 * 3)));
      const { status, stderr } = ashlar(...rotation(path, now));
      if (status !== 0 && !/disk is full|no space/i.test(stderr)) throw new Error(stderr);
      if (status === 0) done++;
      else refused++;
      rmSync(filler, { force: true });
      now = await keyOf(path, 6000);
      const others = readdirSync(mount).filter((name) => name !== 'app.db');
      if (others.length > 0) throw new Error(`left over: ${others}`);
    }
    console.log(
      `full disk, rotate: refused ${refused} times and done ${done} times, the file complete after each`,
    );
    refused = 0;
    done = 0;
    const source = join(folder, 'small.db');
    await fill(source, 6000);
    rmSync(path);
    for (let free = 0; free < size; free += 512) {
      writeFileSync(filler, Buffer.alloc(Math.max((size - free) * 1024 - 4096 * 3, 0)));
      const { status, stderr } = ashlar(...importing(source, path));
      if (status !== 0 && !/disk is full|no space/i.test(stderr)) throw new Error(stderr);
      if (status === 0) done++;
      else refused++;
      rmSync(filler, { force: true });
      if (existsSync(path) !== (status === 0)) throw new Error('half a database');
      if (status === 0 && (await count(path, keys[0])) !== 6000) throw new Error('rows are missing');
      rmSync(path, { force: true });
      const others = readdirSync(mount).filter((name) => !name.startsWith('app.db-'));
      if (others.length > 0) throw new Error(`left over: ${others}`);
    }
    console.log(
      `full disk, import: refused ${refused} times and done ${done} times, complete or missing after each`,
    );
  } finally {
    spawnSync('umount', [mount]);
  }
};

try {
  for (const [n, file] of keyFiles.entries()) writeFileSync(file, `${keys[n]}\n`, { mode: 0o600 });
  const path = join(folder, 'app.db');
  await fill(path, rows);
  await killRotations(path);
  await killImports(path);
  await fullDisk();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

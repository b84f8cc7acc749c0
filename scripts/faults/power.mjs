// Power failures: records the file operations of each work once, cuts the power at random moments, and checks what may be on the disk
// then. Two controls must lose: commits that are not synced, and a disk that confirms what it has not written.
import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Disk, emptied, filesIn, kinds, randomFrom, readRecord } from './disk.mjs';
import { assert, backupsIn, keys, keyThatOpens, ordersAt, urlOf, withDatabase } from './project.mjs';

const here = dirname(fileURLToPath(import.meta.url));

const bodiesIn = (url) =>
  withDatabase(url, keys[0], (engine) =>
    engine.asOwner(async ({ run }) => (await run('SELECT body FROM orders')).map(({ body }) => String(body))),
  );

/** What must hold of each work after a power failure; `promised` are the lines that it had written by then. */
export const checks = {
  'power: sessions': async (folder, promised) => {
    await ordersAt(urlOf(folder));
    const found = new Set((await bodiesIn(urlOf(folder))).map((body) => body.split(' ', 2).join(' ')));
    for (const line of promised) assert(found.has(line), `an acknowledged order is lost: ${line}`);
  },
  'power: up with a step': async (folder, promised) => {
    assert((await ordersAt(urlOf(folder))) === 50, 'orders are lost');
    const notes = await withDatabase(urlOf(folder), keys[0], (engine) =>
      engine.asOwner(async ({ run }) => {
        const [table] = await run("SELECT 1 AS found FROM sqlite_schema WHERE name = 'notes'");
        return table ? Number((await run('SELECT count(*) AS n FROM notes'))[0].n) : undefined;
      }),
    );
    assert(notes === 50 || (notes === undefined && promised.length === 0), `the step is half done: ${notes}`);
  },
  'power: backup create': async (folder, promised) => {
    const names = await backupsIn(folder);
    assert(names.length >= 3 + promised.length, `${names.length} backups are left`);
    assert((await ordersAt(urlOf(folder))) === 50, 'orders are lost');
  },
  'power: backup prune': async (folder, promised) => {
    const names = await backupsIn(folder);
    assert(names.length >= 2, 'a kept backup is lost');
    if (promised.length > 0) assert(names.length === 2, 'a removed backup is listed');
  },
  'power: backup restore --replace': async (folder, promised) => {
    const found = await ordersAt(urlOf(folder));
    assert(found === 40 || (found === 50 && promised.length === 0), `the target has ${found} orders`);
    assert((await backupsIn(folder)).length === 3, 'a backup is lost');
  },
  'power: backup restore --replace (pglite)': async (folder, promised) => {
    const found = await ordersAt(urlOf(folder, 'pglite'));
    assert(found === 40 || (found === 50 && promised.length === 0), `the target has ${found} orders`);
    const left = readdirSync(join(folder, 'pg')).filter((name) => /^ashlar\.(?!lock)/.test(name));
    assert(left.length === 0, `files are left over: ${left.join(', ')}`);
  },
  'power: key rotate database': async (folder, promised) => {
    const key = await keyThatOpens(folder);
    if (promised.length > 0) assert(key === keys[1], 'a rotated file opens with the old key');
  },
};

/** Shares of the images: sessions are what happens most. */
const shares = {
  'power: sessions': 5,
  'power: up with a step': 1,
  'power: backup create': 1,
  'power: backup prune': 1,
  'power: backup restore --replace': 1,
  'power: key rotate database': 1,
  // to open one takes seconds
  'power: backup restore --replace (pglite)': 0.2,
};

const record = (base, library, name, more = {}) => {
  const control = join(base, 'control-power');
  const file = join(base, 'record');
  writeFileSync(control, Buffer.alloc(64));
  writeFileSync(file, '');
  const ran = spawnSync(process.execPath, [join(here, 'worker.mjs')], {
    input: `${JSON.stringify({ name, record: true, ...more })}\n`,
    encoding: 'utf8',
    env: {
      ...process.env,
      LD_PRELOAD: library,
      FAULTS_CONTROL: control,
      FAULTS_ROOT: join(base, 'trials'),
      FAULTS_RECORD: file,
      FAULTS_BASE: base,
    },
  });
  const answer = ran.stdout.trim().split('\n').at(-1);
  const { before, folder, problems } = JSON.parse(answer);
  assert(problems.length === 0, `${name}: ${problems.join('\n')}`);
  return { ops: readRecord(file, folder), files: filesIn(before) };
};

/**
 * PGlite cannot sync: what it writes counts as synced, but for the new database, which Ashlar syncs. A moment is one of the
 * replacement, which begins when the new database is complete: before it, nothing of the old one is touched.
 */
const ofPglite = {
  isSynced: (path) => !path.includes('ashlar.'),
  firstMoment: (ops) =>
    ops.findIndex(({ kind, path }) => kind === kinds.fsync && path.includes('ashlar.incoming')),
};

const tryImage = async (base, { ops, files, isSynced, firstMoment }, check, random, ignoresSync) => {
  const disk = new Disk(files, isSynced);
  const first = firstMoment?.(ops) ?? 0;
  const moment = first + Math.floor(random() * (ops.length + 1 - first));
  for (const op of ops.slice(0, moment)) disk.run(op, ignoresSync);
  const folder = emptied(join(base, 'image'));
  disk.image(folder, random);
  try {
    await check(folder, disk.promised);
    return undefined;
  } catch (error) {
    return `after ${moment} of ${ops.length} operations: ${error.message}`;
  }
};

/**
 * Tries images of power failures.
 *
 * @returns the number of problems
 */
export const tryImages = async (base, library, { count, only = [], seed = Date.now() % 1_000_000 }) => {
  const wanted = Object.entries(shares).filter(
    ([name]) => only.length === 0 || only.some((text) => name.includes(text)),
  );
  const whole = wanted.reduce((sum, [, share]) => sum + share, 0);
  let problems = 0;
  let tried = 0;
  for (const [name, share] of wanted) {
    const recorded = { ...record(base, library, name), ...(name.includes('(pglite)') ? ofPglite : {}) };
    const images = Math.ceil((count * share) / whole);
    let lost = 0;
    for (let n = 0; n < images; n++) {
      const problem = await tryImage(base, recorded, checks[name], randomFrom(seed + tried++), false);
      if (problem === undefined) continue;
      if (lost++ < 3) console.log(`PROBLEM ${name}, image ${tried - 1} of seed ${seed}: ${problem}`);
    }
    problems += lost;
    console.log(`${name}: ${images} images of ${recorded.ops.length} operations, ${lost} with a loss`);
  }
  const controls = [
    [
      'commits that are not synced',
      record(base, library, 'power: sessions', { durability: 'normal' }),
      false,
    ],
    ['a disk that ignores every sync', record(base, library, 'power: sessions'), true],
  ];
  for (const [name, recorded, ignoresSync] of controls) {
    let lost = 0;
    const images = Math.min(500, count);
    for (let n = 0; n < images; n++)
      if (await tryImage(base, recorded, checks['power: sessions'], randomFrom(seed + n), ignoresSync))
        lost++;
    console.log(`control, ${name}: ${lost} of ${images} images lose what was acknowledged`);
    if (lost === 0) problems++;
  }
  console.log(
    `${tried} images of power failures, seed ${seed}: ${problems === 0 ? 'nothing was lost' : `${problems} problems`}`,
  );
  return problems;
};

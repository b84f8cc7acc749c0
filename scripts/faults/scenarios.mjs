// The operations that are tried. Each has a fixture, the work in which operations fail, and a check that nothing is lost, which
// runs the same work once more, without faults: it must complete.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { listBackups } from '../../packages/ashlar/dist/backup/index.js';
import { order } from '../../packages/ashlar/test/backup/shop.mjs';
import {
  assert,
  backupsIn,
  command,
  connectTo,
  jobIn,
  keys,
  keyThatOpens,
  ordersAt,
  urlOf,
  withDatabase,
} from './project.mjs';

const keyFile = (base, n) => join(base, 'fixtures', `${n}.key`);

/** The arguments that choose the system and the database. */
const target = ({ base, configs }, folder, { engine = 'sqlcipher', key = 0, config = 'first' } = {}) => [
  ...['--config', configs[config], '--url', urlOf(folder, engine)],
  ...(engine === 'sqlcipher' ? ['--key-file', keyFile(base, key)] : []),
];

const completes = (ended, what) =>
  assert(ended.code === 0, `${what}: the next run ended with ${ended.code}: ${ended.stderr}`);

// what this process has left, another one clears away
const isOwnDraft = (name) => name.includes(`-${process.pid}-`);

const noLeftovers = (folder, sub = '') => {
  const left = readdirSync(join(folder, sub)).filter(
    (name) =>
      /^\.|\.(key|import)-|restoring|^ashlar\.(incoming|outgoing|leaving|entering|unfinished)/.test(name) &&
      !isOwnDraft(name),
  );
  assert(left.length === 0, `files are left over: ${left.join(', ')}`);
};

const upNew = (engine) => ({
  fixture: 'empty',
  work: (context, folder) => command(folder, ['up', ...target(context, folder, { engine })]),
  check: async (context, folder) => {
    completes(await command(folder, ['up', ...target(context, folder, { engine })]), 'up');
    // a proof takes longer than all the rest
    if (context.number % 10 === 0)
      completes(await command(folder, ['prove', ...target(context, folder, { engine })]), 'prove');
    assert((await ordersAt(urlOf(folder, engine))) === 0, 'a new database has orders');
  },
});

const upStep = (engine) => ({
  fixture: engine,
  work: (context, folder) =>
    command(folder, ['up', ...target(context, folder, { engine, config: 'second' })]),
  check: async (context, folder) => {
    const url = urlOf(folder, engine);
    assert((await ordersAt(url)) === 50, 'orders are lost');
    completes(await command(folder, ['up', ...target(context, folder, { engine, config: 'second' })]), 'up');
    const [row] = await withDatabase(url, keys[0], (opened) =>
      opened.asOwner(({ run }) => run('SELECT count(*) AS n FROM notes')),
    );
    assert(Number(row.n) === 50, `the step filled ${row.n} rows`);
  },
});

/** Sessions of an application: what was acknowledged is there, and what failed is not, or its outcome was said to be unknown. */
const sessions = (engine) => ({
  fixture: engine,
  work: async ({ first, acknowledge }, folder) => {
    const outcome = {
      code: 0,
      stderr: '',
      document: undefined,
      acknowledged: [],
      unknown: [],
      failed: [],
      errors: [],
    };
    let db;
    try {
      db = await connectTo(first, urlOf(folder, engine));
      for (let n = 0; n < 4; n++) {
        const body = `session ${n}`;
        try {
          await order(db, [body]);
          outcome.acknowledged.push(body);
          acknowledge(body);
        } catch (error) {
          outcome.errors.push(error);
          outcome[error?.code === 'outcome-unknown' ? 'unknown' : 'failed'].push(body);
        }
      }
      await db.engine.seal();
    } catch (error) {
      outcome.errors.push(error);
    }
    try {
      await db?.close();
    } catch (error) {
      outcome.errors.push(error);
    }
    outcome.code = outcome.errors.length > 0 ? 1 : 0;
    return outcome;
  },
  check: async ({ first }, folder, { isKilled, acknowledged, failed = [], unknown = [] }) => {
    const url = urlOf(folder, engine);
    const count = await ordersAt(url);
    const found = await withDatabase(url, keys[0], (opened) =>
      opened.asOwner(({ run }) => run("SELECT body FROM orders WHERE body LIKE 'session %'")),
    );
    const there = found.map(({ body }) => body);
    assert(new Set(there).size === there.length, 'an order is there twice');
    for (const body of acknowledged) assert(there.includes(body), `an acknowledged order is lost: ${body}`);
    for (const body of failed) assert(!there.includes(body), `an order that failed is there: ${body}`);
    // a work that was killed had not heard of one order more
    const most = 50 + acknowledged.length + (isKilled ? 1 : unknown.length);
    assert(count >= 50 + acknowledged.length && count <= most, `there are ${count} orders`);
    const db = await connectTo(first, url);
    await order(db, ['the next one']);
    await db.engine.seal();
    await db.close();
    assert((await ordersAt(url)) === count + 1, 'the next session wrote nothing');
  },
});

const jobRun = {
  fixture: 'jobs',
  work: (context, folder) =>
    command(folder, [
      'jobs',
      'run',
      jobIn(context.base).id,
      ...target(context, folder, { engine: 'sqlite', config: 'shipping' }),
    ]),
  check: async (context, folder) => {
    const own = target(context, folder, { engine: 'sqlite', config: 'shipping' });
    const { id, total_rows } = jobIn(context.base);
    // a completed job is not run again
    const shown = await command(folder, ['jobs', 'show', id, ...own]);
    let ended = shown;
    if ((shown.document.job ?? shown.document).status !== 'completed')
      ended = await command(folder, ['jobs', 'run', id, ...own]);
    // rows that a fault has failed are retried by a person
    if (ended.code === 1 && /failed/.test(JSON.stringify(ended.document))) {
      await command(folder, ['jobs', 'retry', id, ...own]);
      ended = await command(folder, ['jobs', 'run', id, ...own]);
    }
    completes(ended, 'jobs run');
    const job = ended.document.job ?? ended.document;
    assert(
      job.status === 'completed' && Number(job.successful_rows) === Number(total_rows),
      `the job has ${job.successful_rows} of ${total_rows} rows`,
    );
  },
};

const backupCreate = (engine) => ({
  fixture: engine,
  work: (context, folder) => command(folder, ['backup', 'create', ...target(context, folder, { engine })]),
  check: async (context, folder, { isKilled, code, document }) => {
    const names = await backupsIn(folder);
    assert(names.length >= 3, 'a backup is lost');
    const isThere = names.length === 4;
    if (isKilled) assert(names.length <= 4, 'a backup is there twice');
    else if (code === 0) assert(isThere, 'a backup that was made is not listed');
    else if (isThere)
      assert(
        /complete and listed/.test(document?.error?.message ?? ''),
        `a backup is listed that was said to have failed: ${JSON.stringify(document)}`,
      );
    assert((await ordersAt(urlOf(folder, engine))) === 50, 'orders are lost');
    const again = await command(folder, ['backup', 'create', ...target(context, folder, { engine })]);
    completes(again, 'backup create');
    const after = await backupsIn(folder);
    assert(after.length === names.length + 1, 'the next backup is not listed');
    noLeftovers(folder, 'backups');
    if (engine === 'sqlcipher' && context.number % 10 === 0)
      completes(
        await command(folder, [
          'backup',
          'verify',
          again.document.backup.name,
          ...target(context, folder, { engine }),
        ]),
        'backup verify',
      );
  },
});

const newestOf = async (folder) => (await listBackups(join(folder, 'backups'))).at(-1).name;

const restore = (engine, replace) => ({
  fixture: engine,
  work: async (context, folder) =>
    command(folder, [
      ...[
        'backup',
        'restore',
        await newestOf(folder),
        '--to',
        replace ? urlOf(folder, engine) : elsewhere(folder, engine),
      ],
      ...(replace ? ['--replace'] : []),
      ...target(context, folder, { engine }),
    ]),
  check: async (context, folder, { code }) => {
    assert((await backupsIn(folder)).length === 3, 'a backup is lost');
    const to = replace ? urlOf(folder, engine) : elsewhere(folder, engine);
    const found = await ordersAt(to).catch((error) => {
      if (!replace && error?.code?.endsWith('-missing')) return undefined;
      throw error;
    });
    if (code === 0) assert(found === 40, `a restored database has ${found} orders`);
    else
      assert(
        found === 40 || found === (replace ? 50 : undefined),
        `the target has ${found} orders after a failure`,
      );
    const again = await command(folder, [
      ...['backup', 'restore', await newestOf(folder), '--to', to],
      ...(replace || found === 40 ? ['--replace'] : []),
      ...target(context, folder, { engine }),
    ]);
    completes(again, 'backup restore');
    assert((await ordersAt(to)) === 40, 'the next restore did not restore');
    noLeftovers(folder);
    if (engine === 'pglite') noLeftovers(to.slice('pglite:'.length), '');
  },
});

const elsewhere = (folder, engine) =>
  `${engine}:${join(folder, engine === 'pglite' ? 'pg2' : 'restored.db')}`;

const rules = ['--keep-last', '1', '--keep-daily', '0', '--keep-weekly', '0', '--keep-monthly', '0'];

const prune = {
  fixture: 'sqlcipher',
  work: (_, folder) => command(folder, ['backup', 'prune', ...rules]),
  check: async (_, folder) => {
    const before = await backupsIn(folder);
    completes(await command(folder, ['backup', 'prune', ...rules]), 'backup prune');
    const after = await backupsIn(folder);
    // the newest, and the verified one
    assert(
      after.length === 2 && before.length >= 2 && after.at(-1) === before.at(-1) && after[0] === before[0],
      'a kept backup is lost',
    );
    noLeftovers(folder, 'backups');
    const files = readdirSync(join(folder, 'backups')).filter((name) => !isOwnDraft(name));
    assert(files.length === 5, `files are left over: ${files.join(', ')}`);
  },
};

const rotate = {
  fixture: 'sqlcipher',
  work: (context, folder) =>
    command(folder, [
      ...['key', 'rotate', 'database', '--new-key-file', keyFile(context.base, 1)],
      ...target(context, folder),
    ]),
  check: async (context, folder, { code }) => {
    const key = await keyThatOpens(folder);
    if (code === 0) assert(key === keys[1], 'a rotated file opens with the old key');
    completes(await rotate.work(context, folder), 'key rotate database');
    assert((await ordersAt(urlOf(folder), keys[1])) === 50, 'orders are lost');
    noLeftovers(folder);
  },
};

const move = (engine) => {
  const to = (folder) =>
    engine === 'pglite' ? `pglite:${join(folder, 'moved')}` : `${engine}:${join(folder, 'moved.db')}`;
  const scenario = {
    fixture: 'sqlcipher',
    work: ({ base, configs }, folder) =>
      command(folder, [
        ...['move', '--from', urlOf(folder), '--from-key-file', keyFile(base, 0), '--to', to(folder)],
        ...['--key-file', keyFile(base, 1), '--config', configs.first],
      ]),
    check: async (context, folder) => {
      assert((await ordersAt(urlOf(folder))) === 50, 'the source lost orders');
      completes(await scenario.work(context, folder), 'move');
      assert((await ordersAt(to(folder), keys[1])) === 50, 'orders were not moved');
      assert((await ordersAt(urlOf(folder))) === 50, 'the source lost orders');
    },
  };
  return scenario;
};

/** The operations by name. Of a slow one, a sample of the points is tried: each takes seconds. */
export const scenarios = {
  'up of a new database': upNew('sqlcipher'),
  'up with a step': upStep('sqlcipher'),
  sessions: sessions('sqlcipher'),
  'jobs run': jobRun,
  'backup create': backupCreate('sqlcipher'),
  'backup restore': restore('sqlcipher', false),
  'backup restore --replace': restore('sqlcipher', true),
  'backup prune': prune,
  'key rotate database': rotate,
  move: move('sqlcipher'),
  'up of a new database (pglite)': { ...upNew('pglite'), isSlow: true },
  'sessions (pglite)': { ...sessions('pglite'), isSlow: true },
  'up with a step (pglite)': { ...upStep('pglite'), isSlow: true },
  'backup create (pglite)': { ...backupCreate('pglite'), isSlow: true },
  'backup restore (pglite)': { ...restore('pglite', false), isSlow: true },
  'backup restore --replace (pglite)': { ...restore('pglite', true), isSlow: true },
  'move (pglite)': { ...move('pglite'), isSlow: true },
};

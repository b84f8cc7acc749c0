import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { engines, type Place } from '../../../../test/support/engines.js';
import { openEngine } from '../../src/engines/open.js';
import { history } from '../../src/migrations/index.js';
import { type Folder, makeFolder } from '../migrations/folder.js';
import { makeProject, type Project } from './cli.js';

const killed = (step: string) =>
  `if (process.env.KILL_IN === '${step}') { process.kill(process.pid, 'SIGKILL'); await new Promise(() => {}); }`;

const data = (step: string, from: number) => `export const up = async (owner) => {
  for (let n = ${from}; n < ${from + 200}; n++) await owner.run('INSERT INTO notes VALUES (' + n + ')');
  ${killed(step)}
};`;

// an engine in memory ends with its process: there is nothing to complete
const lasting = engines.filter(({ name }) => name !== 'pglite');

describe.each(lasting)('an up killed with -9 on $name', ({ place: newPlace }) => {
  let place: Place;
  let folder: Folder;
  let project: Project;
  let env: NodeJS.Dict<string>;

  beforeEach(async () => {
    place = await newPlace();
    folder = await makeFolder();
    project = await makeProject({ processes: true });
    env = { DATABASE_URL: place.url, DATABASE_KEY: place.key };
    await project.configure(
      `export default { systems: [system('shop', { tables: {}, migrations: new URL('${folder.url.href}') })] };`,
    );
    await folder.step('0001_initial', 'CREATE TABLE notes (id int);');
    await folder.write({
      '0002_rows/up.js': data('0002_rows', 0),
      '0003_rows/up.js': data('0003_rows', 200),
    });
    await folder.step(
      '0004_after',
      'CREATE TABLE more (id int);\nINSERT INTO more SELECT count(*) FROM notes;',
    );
    await folder.write({ '0005_last/up.js': `export const up = async () => { ${killed('0005_last')} };` });
  });

  afterEach(async () => {
    await project.remove();
    await folder.remove();
    await place.remove();
  });

  const look = async () => {
    const engine = await openEngine({ url: place.url, key: place.key });
    try {
      const count = async (table: string) =>
        Number((await engine.read(`SELECT count(*) AS n FROM ${table}`, [])).rows[0]?.n);
      const steps = (await history(engine, { name: 'shop' })).map(({ step }) => step.slice(0, 4));
      return {
        steps,
        notes: await count('notes'),
        more: steps.includes('0004') ? (await engine.read('SELECT id FROM more', [])).rows : undefined,
      };
    } finally {
      await engine.close();
    }
  };

  const finished = { steps: ['0001', '0002', '0003', '0004', '0005'], notes: 400, more: [{ id: 400 }] };

  test.each([
    ['0002_rows', ['0001'], 0],
    ['0003_rows', ['0001', '0002'], 200],
    ['0005_last', ['0001', '0002', '0003', '0004'], 400],
  ])('inside %s keeps the steps before it, and the next up completes', async (step, kept, rows) => {
    const first = await project.ashlar(['up'], { ...env, KILL_IN: step });
    expect(first.code).toBeUndefined();
    expect(await look()).toMatchObject({ steps: kept, notes: rows });
    const second = await project.ashlar(['up'], env);
    expect(second).toMatchObject({ code: 0 });
    expect(await look()).toEqual(finished);
  });

  test('and several processes at once apply each step once', async () => {
    const all = await Promise.all([1, 2, 3].map(() => project.json(['up'], env)));
    expect(
      all.map(({ code }) => code),
      all.map(({ stdout }) => stdout).join(),
    ).toEqual([0, 0, 0]);
    expect(await look()).toEqual(finished);
  });

  test('at any moment leaves a database that the next up completes', async () => {
    for (const after of [350, 450, 550, 650, 800]) await project.interrupted(['up'], 'SIGKILL', after, env);
    expect(await project.ashlar(['up'], env)).toMatchObject({ code: 0 });
    expect(await look()).toEqual(finished);
    expect((await project.ashlar(['up'], env)).stdout).toContain('nothing to do');
  });
});

describe.each(engines)('a step in batches killed with -9 on $name', ({ name, place: newPlace }) => {
  const rows = 60_000;
  let place: Place;
  let folder: Folder;
  let project: Project;
  let env: NodeJS.Dict<string>;
  let url: string;

  beforeEach(async () => {
    place = await newPlace();
    folder = await makeFolder();
    project = await makeProject({ processes: true });
    // an engine in memory ends with its process
    url = name === 'pglite' ? `pglite:${project.folder}/data` : place.url;
    env = { DATABASE_URL: url, DATABASE_KEY: place.key };
    await project.configure(
      `export default { systems: [system('shop', { tables: {}, migrations: new URL('${folder.url.href}') })] };`,
    );
    await folder.step(
      '0001_initial',
      `CREATE TABLE notes (id int PRIMARY KEY, kind text, writes int NOT NULL DEFAULT 0);
       INSERT INTO notes (id) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows}) SELECT i FROM n;`,
    );
    expect(await project.ashlar(['up', '--no-prove'], env)).toMatchObject({ code: 0 });
    await folder.step(
      '0002_fill',
      "-- ashlar: batches\nUPDATE notes SET kind = 'none', writes = writes + 1 WHERE kind IS NULL;",
    );
  });
  afterEach(async () => {
    await project.remove();
    await folder.remove();
    await place.remove();
  });

  const look = async () => {
    const engine = await openEngine({ url, key: place.key });
    try {
      const [found] = (
        await engine.read(
          `SELECT count(kind) AS done, sum(writes) AS writes, max(writes) AS most FROM notes`,
          [],
        )
      ).rows;
      const steps = (await history(engine, { name: 'shop' })).map(({ step }) => step);
      return { done: Number(found?.done), writes: Number(found?.writes), most: Number(found?.most), steps };
    } finally {
      await engine.close();
    }
  };

  test('goes on with the rows that are left: none is filled twice, none is missed', async () => {
    let before = 0;
    for (let kill = 0; kill < 3; kill++) {
      const ended = await project.interrupted(
        ['up', '--no-prove'],
        'SIGKILL',
        /0002_fill: \d+ of \d+ rows/,
        env,
      );
      expect(ended.code).toBeUndefined();
      const { done, writes, most, steps } = await look();
      // whole batches only
      expect([writes, most]).toEqual([done, 1]);
      expect(done).toBeGreaterThan(before);
      expect(done).toBeLessThan(rows);
      expect(steps).toEqual(['0001_initial']);
      expect(ended.stderr).toMatch(new RegExp(`0002_fill: \\d+ of ${rows - before} rows of notes`));
      before = done;
    }
    const last = await project.ashlar(['up', '--no-prove'], env);
    expect(last).toMatchObject({ code: 0 });
    expect(last.stderr).toContain(`0002_fill: ${rows - before} of ${rows - before} rows of notes`);
    expect(await look()).toEqual({
      done: rows,
      writes: rows,
      most: 1,
      steps: ['0001_initial', '0002_fill'],
    });
  }, 120_000);
});

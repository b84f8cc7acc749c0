import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { oneOfEach, type Place, sqlOf } from '../../../../test/support/engines.js';
import { openEngine } from '../../src/engines/open.js';
import { makeProject, type Project } from './cli.js';

const { engines } = oneOfEach(import.meta.url);

const configured = (columns: string): string =>
  `const notes = table('notes', { id: id(), ${columns} });
export default { systems: [system('shop', { tables: { notes }, migrations: new URL('./migrations/', import.meta.url) })] };`;

const older = configured('place: z.string().max(40), title: z.string().max(40), kind: z.string().nullable()');
const newer = configured(
  'town: z.string().max(40), street: z.string().max(40), headline: z.string().max(40), kind: z.string()',
);
const values = [
  '--rename',
  'notes.title:headline',
  '--fill',
  "notes.kind='none'",
  '--fill',
  'notes.town=substr(place, 1, 4)',
  '--fill',
  'notes.street=substr(place, 6)',
  '--back',
  "notes.place=town || ' ' || street",
];

let project: Project;
beforeEach(async () => {
  project = await makeProject();
});
afterEach(() => project.remove());

describe.each(engines)('migrate new --expand and up --contract on $name', (engine) => {
  let place: Place;
  let env: NodeJS.Dict<string>;
  beforeEach(async () => {
    place = await engine.place();
    // PGlite in memory would end with the first command
    const url = engine.name === 'pglite' ? `pglite:${join(project.folder, 'data')}` : place.url;
    env = { DATABASE_URL: url, DATABASE_KEY: place.key };
  });
  afterEach(() => place.remove());

  const run = async (sql: string) => {
    const database = await openEngine({ url: env.DATABASE_URL ?? '', key: place.key });
    try {
      return await database.asOwner((owner) => owner.run(sql));
    } finally {
      await database.close();
    }
  };
  const ashlar = async (...args: string[]) => {
    const ended = await project.ashlar(args, env);
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    return ended;
  };

  test('three steps are written, two run at once, and the third when it is asked for', async () => {
    const dialect = sqlOf(engine);
    await project.configure(older);
    await ashlar('migrate', 'new', 'initial');
    await ashlar('up', '--no-prove');
    await run(
      `INSERT INTO notes (id, place, title, kind) VALUES
       ('018f0000-0000-7000-8000-000000000001', 'Bern Spitalgasse', 'A', NULL),
       ('018f0000-0000-7000-8000-000000000002', 'Chur Postplatz', 'B', 'letter')`,
    );
    await project.configure(newer);
    const wrote = await ashlar('migrate', 'new', 'change', '--expand', ...values);
    for (const step of ['0002_change_expand', '0003_change_fill', '0004_change_contract'])
      expect(wrote.stdout).toContain(`wrote ${join('migrations', step)}`);
    expect(wrote.stdout).toContain(
      `${dialect.padEnd(9)}notes: kind becomes required: both versions write it`,
    );
    expect(wrote.stdout).toContain(
      'deploy: ashlar up, replace the processes of the older version, ashlar up --contract',
    );
    const file = (step: string) =>
      readFile(join(project.folder, 'migrations', step, `up.${dialect}.sql`), 'utf8');
    expect(await file('0003_change_fill')).toMatch(/^-- ashlar: batches\n/);
    expect(await file('0004_change_contract')).toMatch(/^-- ashlar: contract\n/);
    await ashlar('migrate', 'check');

    const planned = await project.json(['migrate', 'plan'], env);
    expect(planned).toMatchObject({
      code: 0,
      document: {
        systems: [
          {
            steps: [{ step: '0002_change_expand' }, { step: '0003_change_fill', mode: 'batches' }],
            waiting: ['0004_change_contract'],
          },
        ],
      },
    });
    const first = await ashlar('up', '--no-prove');
    expect(first.stdout).toMatch(/applied 0002_change_expand [\s\S]*applied 0003_change_fill /);
    expect(first.stdout).not.toContain('applied 0004');
    expect(first.stderr).toMatch(/0003_change_fill: (\d) of \1 rows of notes/);
    expect(first.stderr).toContain(
      'waiting 0004_change_contract: when no older version of the application runs, ashlar up --contract',
    );
    await ashlar('status', '--check');
    await run(
      `INSERT INTO notes (id, place, title) VALUES ('018f0000-0000-7000-8000-000000000003', 'Zuoz Plaz', 'C')`,
    );
    await run(
      `INSERT INTO notes (id, town, street, headline, kind) VALUES ('018f0000-0000-7000-8000-000000000004', 'Brig', 'Furkastrasse', 'D', 'note')`,
    );
    const columns = 'town, street, headline, kind';
    const rows = [
      { town: 'Bern', street: 'Spitalgasse', headline: 'A', kind: 'none' },
      { town: 'Chur', street: 'Postplatz', headline: 'B', kind: 'letter' },
      { town: 'Zuoz', street: 'Plaz', headline: 'C', kind: 'none' },
      { town: 'Brig', street: 'Furkastrasse', headline: 'D', kind: 'note' },
    ];
    const both = await run(`SELECT ${columns}, place, title FROM notes ORDER BY id`);
    expect(both).toEqual(
      rows.map((row) => ({ ...row, place: `${row.town} ${row.street}`, title: row.headline })),
    );
    expect((await ashlar('up', '--no-prove')).stdout).toContain('nothing to do');

    const last = await ashlar('up', '--contract');
    expect(last.stdout).toContain('applied 0004_change_contract');
    expect(await run(`SELECT * FROM notes ORDER BY id`)).toEqual(
      rows.map((row) => expect.objectContaining(row)),
    );
    expect((await ashlar('up', '--contract', '--no-prove')).stdout).toContain('nothing to do');
    await ashlar('status', '--check');

    await ashlar('migrate', 'down', '--steps', '2');
    const refused = await project.json(['migrate', 'down'], env);
    expect(refused).toMatchObject({ code: 1, document: { error: { code: 'migration-destroys' } } });
    await ashlar('migrate', 'down', '--destroy');
    expect(await run('SELECT place, title, kind FROM notes ORDER BY id')).toEqual(
      rows.map(({ town, street, headline, kind }) => ({
        place: `${town} ${street}`,
        title: headline,
        kind,
      })),
    );
  }, 120_000);
});

describe('migrate new --expand refuses', () => {
  beforeEach(async () => {
    await project.configure(older);
    expect(await project.ashlar(['migrate', 'new', 'initial', '--config', 'ashlar.config.js'])).toMatchObject(
      {
        code: 0,
      },
    );
  });

  test.each<[string, readonly string[], string, string]>([
    ['--fill without it', ['--fill', "notes.kind='x'"], 'usage', '--fill and --back need --expand.'],
    ['--back without it', ['--back', "notes.place='x'"], 'usage', '--fill and --back need --expand.'],
    ['a value without a column', ['--expand', '--fill', "kind='x'"], 'usage', 'Invalid value of --fill'],
    ['a value without SQL', ['--expand', '--back', 'notes.place='], 'usage', 'Invalid value of --back'],
    [
      'a value for a column that does not change',
      ['--expand', ...values, '--fill', 'notes.id=1'],
      'usage',
      'notes.id does not change',
    ],
    [
      'a required column without a value',
      ['--expand', ...values.filter((_, at) => at < 2 || at > 3)],
      'expansion-refused',
      'The change of notes cannot be split into expand and contract.',
    ],
    [
      'a column that goes without a value for the older version',
      ['--expand', ...values.slice(0, 8), '--drop', 'notes.place'],
      'expansion-refused',
      'The change of notes cannot be split into expand and contract.',
    ],
    ['a missing column of which nothing is said', ['--expand'], 'migration-ambiguous', ''],
    [
      'a value that is no SQL',
      ['--expand', ...values.map((value) => value.replace("'none'", 'no such column'))],
      'migration-untested',
      'The generated step does not run',
    ],
  ])('%s', async (_, options, code, message) => {
    await project.configure(newer);
    const ended = await project.json(['migrate', 'new', 'change', ...options]);
    expect(ended).toMatchObject({
      code: code === 'migration-untested' ? 1 : 2,
      document: { error: { code, message: expect.stringContaining(message) } },
    });
    await project.configure(older);
    expect((await project.ashlar(['migrate', 'check'])).stderr).toBe('');
  });
});

import { readdirSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { oneOfEach } from '../../../../test/support/engines.js';
import { makeProject, type Project } from './cli.js';

const { engines } = oneOfEach(import.meta.url);

const notes = `const notes = table('notes', { id: id(), body: z.string().max(500) });
export default { systems: [system('shop', { tables: { notes }, migrations: new URL('./migrations/', import.meta.url) })] };`;

let project: Project;
beforeEach(async () => {
  project = await makeProject();
  await writeFile(join(project.folder, 'empty.config.js'), 'export default {};');
});
afterEach(() => project.remove());

const step = async (name: string, files: Record<string, string>) => {
  await mkdir(join(project.folder, 'migrations', name), { recursive: true });
  for (const [file, text] of Object.entries(files)) {
    await writeFile(join(project.folder, 'migrations', name, file), text);
  }
};

describe('exit codes', () => {
  test.each<[string, string[], number]>([
    ['help', ['--help'], 0],
    ['version', ['--version'], 0],
    ['no command', [], 2],
    ['an unknown command', ['frobnicate'], 2],
    ['an unknown option', ['up', '--frobnicate'], 2],
    ['a missing argument', ['jobs', 'run', '--system', 'shipping', '--url', 'sqlite:s.db'], 2],
    ['no system', ['up', '--config', 'empty.config.js', '--url', 'sqlite:s.db'], 2],
    ['an unknown system', ['up', '--system', 'nope', '--url', 'sqlite:s.db'], 2],
    ['no database', ['up', '--system', 'wills'], 2],
    ['an invalid URL', ['up', '--system', 'wills', '--url', 'mysql://db/x'], 2],
    ['a missing configuration', ['status', '--config', 'nowhere.config.js'], 2],
    ['a missing folder', ['status', '--system', 'wills', '--url', 'sqlite:none/s.db'], 3],
    [
      'a server that does not answer',
      ['up', '--system', 'wills', '--url', 'postgres://u:pw-3f9a@127.0.0.1:1/x'],
      3,
    ],
    ['no database file', ['status', '--system', 'wills', '--url', 'sqlite:s.db'], 3],
    ['no key', ['up', '--system', 'wills', '--url', 'sqlcipher:s.db'], 3],
  ])('%s', async (_, args, code) => {
    const plain = await project.spawned(args);
    expect(plain).toMatchObject({ code });
    if (code === 0) return;
    expect(plain.stdout).toBe('');
    expect(plain.stderr).not.toBe('');
    const json = await project.json(args);
    expect(json).toMatchObject({
      code,
      document: { error: { code: expect.stringMatching(/^[a-z-]+$/), message: expect.any(String) } },
    });
    expect(`${plain.stderr}${json.stdout}${json.stderr}`).not.toContain('pw-3f9a');
  });

  test('an unknown command suggests the one that was meant', async () => {
    expect((await project.ashlar(['statsu'])).stderr).toContain('Did you mean status?');
  });
});

const items = `const { command, unique } = ashlar;
const items = table('items', { id: id(), name: z.string() }, (c) => [unique(c.name)]);
const tables = { items };
const add = command({
  summary: 'add an item twice', tables, input: z.object({}),
  run: ({ db }) => db.insertMany(items, [{ name: 'secret-7' }, { name: 'secret-7' }]),
});
export default { systems: [system('shop', {
  tables, migrations: new URL('./migrations/', import.meta.url), commands: { add },
})] };`;

test.each(engines)('the JSON of an error has its facts, and no value of a row: $name', async (engine) => {
  const place = await engine.place();
  await project.configure(items);
  // PGlite in memory would end with the first command
  const url = engine.name === 'pglite' ? 'pglite:data' : place.url;
  const env = { DATABASE_URL: url, DATABASE_KEY: place.key };
  expect(await project.ashlar(['migrate', 'new', 'initial'], env)).toMatchObject({ code: 0 });
  expect(await project.ashlar(['up'], env)).toMatchObject({ code: 0 });
  const { code, document, stdout, stderr } = await project.json(['shop', 'add'], env);
  expect({ code, document }).toMatchObject({
    code: 1,
    document: {
      error: {
        code: 'unique-violation',
        facts: { table: 'items', columns: ['name'], constraint: 'items_name_key' },
      },
    },
  });
  expect(`${stdout}${stderr}`).not.toContain('secret-7');
  await place.remove();
});

const accounts = `const { bigint, command, decimal } = ashlar;
const accounts = table('accounts', { id: id(), number: bigint(), balance: decimal(18, 2), parts: z.string() });
const tables = { accounts };
const add = command({
  summary: 'add an account', tables, positionals: ['number'],
  input: z.object({
    number: bigint().describe('its number'), balance: decimal(18, 2),
    parts: z.array(bigint()).default([]), least: bigint().default(-9223372036854775808n),
  }),
  run: async ({ db, input }) => {
    const { number, balance, parts } = input;
    await db.session((s) => s.insert(accounts, { number, balance, parts: parts.join() }));
    return { rows: await db.read((s) => s.query.selectFrom('accounts').select(['number', 'balance', 'parts']).execute()), least: input.least };
  },
});
export default { systems: [system('shop', { tables, migrations: new URL('./migrations/', import.meta.url), commands: { add } })] };`;

test.each(engines)(
  'integers of 64 bits and decimals are given and printed exactly: $name',
  async (engine) => {
    const place = await engine.place();
    await project.configure(accounts);
    const url = engine.name === 'pglite' ? 'pglite:data' : place.url;
    const env = { DATABASE_URL: url, DATABASE_KEY: place.key };
    expect(await project.ashlar(['migrate', 'new', 'initial'], env)).toMatchObject({ code: 0 });
    expect(await project.ashlar(['up', '--no-prove'], env)).toMatchObject({ code: 0 });
    const add = ['shop', 'add', '9223372036854775807', '--balance', '9007199254740993.01'];
    expect(await project.json([...add, '--parts', '-1', '--parts', '9007199254740993'], env)).toMatchObject({
      code: 0,
      document: {
        rows: [
          { number: '9223372036854775807', balance: '9007199254740993.01', parts: '-1,9007199254740993' },
        ],
        least: '-9223372036854775808',
      },
    });
    for (const [number, balance] of [
      ['9223372036854775808', '1.00'],
      ['1.5', '1.00'],
      ['1e3', '1.00'],
      ['many', '1.00'],
      ['', '1.00'],
      ['1', '1.005'],
      ['1', '1,00'],
    ] as const)
      expect(await project.json(['shop', 'add', number, '--balance', balance], env)).toMatchObject({
        code: 2,
        document: { error: { code: 'usage' } },
      });
    const help = await project.ashlar(['shop', 'add', '--help'], env);
    expect(help.stdout).toContain('--least <n>');
    expect(help.stdout).toContain('(default: -9223372036854775808)');
    await place.remove();
  },
);

const steps = readdirSync(new URL('../../../../systems/wills/migrations', import.meta.url)).toSorted();

describe.each(engines.filter(({ name }) => name !== 'pglite'))('on $name', ({ place: newPlace }) => {
  test('up, status and migrate: as text, as JSON, and never with a secret', async () => {
    const place = await newPlace();
    const said: string[] = [];
    const env = { DATABASE_URL: place.url, DATABASE_KEY: place.key };
    // logs go to the process's own standard error
    const logged = async (...args: string[]) => {
      const ended = await project.spawned([...args, '--system', 'wills'], { ...env, LOG_LEVEL: 'trace' });
      said.push(ended.stdout, ended.stderr);
      expect(ended, ended.stderr).toMatchObject({ code: 0 });
      return ended.stdout;
    };
    const json = async (...args: string[]) => {
      const ended = await project.json(['--system', 'wills', ...args], env);
      said.push(ended.stdout, ended.stderr);
      expect(ended, ended.stderr).toMatchObject({ code: 0 });
      return ended.document;
    };
    const text = async (...args: string[]) => {
      const ended = await project.ashlar([...args, '--system', 'wills'], env);
      said.push(ended.stdout, ended.stderr);
      expect(ended, ended.stderr).toMatchObject({ code: 0 });
      return ended.stdout;
    };
    try {
      expect(await json('migrate', 'plan')).toMatchObject({
        systems: [
          {
            system: 'wills',
            head: null,
            applied: 0,
            steps: steps.map((step) => ({ step, dangers: [] })),
          },
        ],
      });
      expect(await text('migrate', 'sql')).toMatch(
        /CREATE TABLE ashlar_migrations[\s\S]*INSERT INTO ashlar_migrations/,
      );
      expect((await logged('up', '--actor', 'deploy')).match(/(?<=applied )\w+/g)).toEqual(steps);
      expect(said.join('')).toContain('"msg":"statement"');
      expect(await json('up')).toMatchObject({ systems: [{ system: 'wills', applied: [], changed: false }] });
      expect(await text('up')).toContain('nothing to do');
      expect(await json('status')).toMatchObject({
        systems: [
          {
            system: 'wills',
            encrypted: place.key !== undefined,
            migrations: {
              head: steps.at(-1),
              applied: steps.length,
              pending: [],
              changed: [],
              missing: [],
              late: [],
            },
            drift: [],
            tables: expect.arrayContaining([
              expect.objectContaining({
                name: 'audit_logs',
                rows: 0,
                guarantees: expect.arrayContaining([
                  expect.objectContaining({ name: 'append-only', level: 'enforced' }),
                ]),
              }),
            ]),
          },
        ],
      });
      const page = await logged('status');
      expect(page).toMatch(/drift +none/);
      expect(page).toMatch(/audit_logs +0 .*append-only/);
      expect(await text('migrate', 'history')).toMatch(/0001_initial .* deploy/);
      const secrets = [place.key, URL.canParse(place.url) && new URL(place.url).password].filter(Boolean);
      for (const secret of secrets) expect(said.join('')).not.toContain(secret);
    } finally {
      await place.remove();
    }
  });
});

describe('a system of one’s own', () => {
  const url = ['--url', 'sqlite:shop.db'];

  test('from its tables to a migrated database, and to the next step', async () => {
    await project.configure(notes);
    const wrote = await project.ashlar(['migrate', 'new', 'initial']);
    expect(wrote).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(join('migrations', '0001_initial')),
    });
    expect(await project.ashlar(['migrate', 'check'])).toMatchObject({ code: 0 });
    expect(await project.ashlar(['up', ...url])).toMatchObject({ code: 0 });
    const elsewhere = ['--url', 'sqlite:data/deep/app.db'];
    expect(await project.ashlar(['migrate', 'plan', ...elsewhere])).toMatchObject({ code: 3 });
    expect(await project.ashlar(['migrate', 'up', ...elsewhere])).toMatchObject({ code: 0 });
    expect(await project.ashlar(['up', '--url', 'sqlite:other/app.db'])).toMatchObject({ code: 0 });

    await project.configure(notes.replace('body:', 'content:'));
    expect(await project.json(['migrate', 'check'])).toMatchObject({
      code: 1,
      document: { checks: [{ ok: false }, { ok: false }] },
    });
    const ambiguous = await project.ashlar(['migrate', 'new', 'content']);
    expect(ambiguous).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--rename notes.body:content'),
    });
    expect(
      await project.ashlar(['migrate', 'new', 'content', '--rename', 'notes.body:content']),
    ).toMatchObject({
      code: 0,
    });
    expect(await readFile(join(project.folder, 'migrations/0002_content/up.postgres.sql'), 'utf8')).toContain(
      'RENAME COLUMN body TO content',
    );
    expect(await project.ashlar(['migrate', 'check'])).toMatchObject({ code: 0 });
    expect((await project.ashlar(['up', ...url])).stdout).toContain('applied 0002_content');
    expect(await project.ashlar(['migrate', 'down', ...url])).toMatchObject({ code: 0 });
    expect(await project.ashlar(['migrate', 'dump', '--write', '--dialect', 'sqlite'])).toMatchObject({
      code: 0,
    });
    expect(await readFile(join(project.folder, 'schema.sqlite.sql'), 'utf8')).toContain('CREATE TABLE notes');
  }, 180_000);

  test('dangerous statements are named before they run; a failing step is rolled back', async () => {
    await project.configure(notes);
    await step('0001_initial', {
      'up.sqlite.sql': 'CREATE TABLE notes (id TEXT PRIMARY KEY, body TEXT) STRICT;',
    });
    expect(await project.ashlar(['migrate', 'up', ...url])).toMatchObject({ code: 0, stderr: '' });
    await step('0002_risky', { 'up.sqlite.sql': 'DELETE FROM notes;\nDROP TABLE nothing;' });
    const failed = await project.ashlar(['migrate', 'up', ...url]);
    expect(failed).toMatchObject({ code: 1 });
    expect(failed.stderr).toMatch(/careful 0002_risky, line 1 of up.sqlite.sql: deletes every row/);
    expect(failed.stderr).toMatch(/Step 0002_risky failed at statement 2 \(line 2 of up.sqlite.sql\)/);
    expect((await project.ashlar(['migrate', 'history', ...url])).stdout).not.toContain('0002');
  });

  test('an edited step exits 1, and stamp repairs the history', async () => {
    await project.configure(notes);
    const create = 'CREATE TABLE notes (id TEXT PRIMARY KEY, body TEXT) STRICT;';
    await step('0001_initial', { 'up.sqlite.sql': create });
    await project.ashlar(['up', ...url]);
    await step('0001_initial', { 'up.sqlite.sql': `${create} -- edited` });
    expect(await project.json(['up', ...url])).toMatchObject({
      code: 1,
      document: {
        error: { code: 'migration-changed', suggestion: expect.stringContaining('migrate stamp') },
      },
    });
    expect(await project.ashlar(['migrate', 'stamp', '0001_initial', ...url])).toMatchObject({ code: 0 });
    expect(await project.ashlar(['up', ...url])).toMatchObject({ code: 0 });
  });

  test('settings come from .env, and an invalid one is named without its value', async () => {
    await project.configure(notes);
    await step('0001_initial', {
      'up.sqlite.sql': 'CREATE TABLE notes (id TEXT PRIMARY KEY, body TEXT) STRICT;',
    });
    await writeFile(join(project.folder, '.env'), 'DATABASE_URL=sqlite:from-env.db\n');
    expect((await project.ashlar(['up'])).stdout).toContain('sqlite:from-env.db');
    const wrong = await project.ashlar(['up'], { LOG_LEVEL: 'hushhush' });
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('LOG_LEVEL') });
    expect(wrong.stderr).not.toContain('hushhush');
  });

  test('an invalid configuration exits 2', async () => {
    await project.configure('export default { systems: [{ name: "x" }] };');
    expect(await project.json(['status'])).toMatchObject({
      code: 2,
      document: { error: { code: 'config-invalid' } },
    });
    await project.configure('export default { systems: [');
    expect(await project.json(['status'])).toMatchObject({
      code: 2,
      document: { error: { code: 'config-invalid' } },
    });
  });
});

describe('an encrypted file', () => {
  const url = ['--system', 'wills', '--url', 'sqlcipher:w.db'];

  test('takes its key from a file; the wrong one is exit 3', async () => {
    await writeFile(join(project.folder, 'key'), 'correct-horse-battery\n');
    await writeFile(join(project.folder, 'other'), 'wrong-horse-battery\n');
    expect(await project.ashlar(['up', ...url, '--key-file', 'key'])).toMatchObject({ code: 0 });
    const refused = await project.json(['status', ...url, '--key-file', 'other'], { LOG_LEVEL: 'trace' });
    expect(refused).toMatchObject({ code: 3, document: { error: { code: 'key-wrong' } } });
    expect(`${refused.stdout}${refused.stderr}`).not.toMatch(/horse/);
  });
});

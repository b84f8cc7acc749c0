import { randomBytes } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from './support/engines.js';
import { makeNewcomer, type Newcomer } from './support/newcomer.js';
import { drizzleProject, type Files, prismaProject } from './support/other-layers.js';

const packages = ['zod', 'better-sqlite3-multiple-ciphers', '@electric-sql/pglite', 'pg', 'vitest', 'jiti'];
const scripts = (text: string): Record<string, string> =>
  (JSON.parse(text) as { scripts: Record<string, string> }).scripts;

describe('in an empty folder, from the packed package', () => {
  let newcomer: Newcomer;
  beforeAll(async () => {
    newcomer = await makeNewcomer(packages, 'mein Lädchen');
  });
  afterAll(() => newcomer.remove());

  // an encrypted file is a project of SQLite with a key
  test.each(engines.map((engine) => [engine.name, engine] as const))(
    'on %s',
    async (name, { place: newPlace }) => {
      for (const made of ['db', 'ashlar.config.ts', '.env.example', '.gitignore', 'package.json'])
        await rm(join(newcomer.folder, made), { recursive: true, force: true });
      await newcomer.ashlar(['init', '--yes', '--engine', name === 'sqlcipher' ? 'sqlite' : name]);
      expect((await newcomer.npm('test')).stdout).toContain('1 passed');
      const place = await newPlace();
      const env =
        name === 'sqlcipher' || name === 'postgres'
          ? { DATABASE_URL: place.url, DATABASE_KEY: place.key ?? randomBytes(32).toString('hex') }
          : {};
      try {
        expect((await newcomer.ashlar(['up'], env)).stdout).toContain('applied 0001_initial');
        expect((await newcomer.ashlar(['prove'], env)).stdout).toContain('none succeeded');
      } finally {
        await place.remove();
      }
    },
  );
});

describe.each<[string, Files, string[]]>([
  ['Drizzle, ES modules', drizzleProject, ['vitest', 'run']],
  ['Prisma, CommonJS, Jest', prismaProject, []],
  ['JavaScript, Vitest', { 'package.json': '{"scripts":{}}', 'index.js': '' }, ['vitest', 'run']],
  ['JavaScript, node:test', { 'package.json': '{"scripts":{"test":"node --test"}}', 'index.js': '' }, []],
])('in a project with %s', (_, files, runner) => {
  let newcomer: Newcomer;
  beforeAll(async () => {
    newcomer = await makeNewcomer([...packages, '@types/node', 'typescript'], 'my project');
    await newcomer.write(files);
    // what the project's own loader is called in it
    if (files['package.json']?.includes('tsx')) await newcomer.write(loader);
  });
  afterAll(() => newcomer.remove());

  test('init, the test, up and prove: on a database of its own, with no type error', async () => {
    const { stdout } = await newcomer.ashlar(['init', '--yes']);
    expect(stdout).toMatch(/^step +0001_initial$/m);
    const now = scripts(await readFile(join(newcomer.folder, 'package.json'), 'utf8'));
    const before = scripts(files['package.json'] ?? '{}');
    expect(now).toMatchObject(before);
    const ran = await (runner.length > 0
      ? newcomer.node(['node_modules/vitest/vitest.mjs', 'run'])
      : newcomer.npm('run', 'test:ashlar'));
    expect(ran.stdout).toMatch(/1 passed|pass 1/);
    const url = /--url \S+/.exec(now['db:prove'] ?? '')?.[0].split(' ') ?? [];
    expect(url).toHaveLength(files['.env'] === undefined ? 0 : 2);
    expect((await newcomer.ashlar(['up', ...url])).stdout).toContain('applied 0001_initial');
    expect((await newcomer.npm('run', 'db:prove')).stdout).toContain('none succeeded');
    if (files['tsconfig.json'] !== undefined)
      await newcomer.node(['node_modules/typescript/bin/tsc', '-p', '.']);
  });
});

const loader: Files = {
  'node_modules/tsx/package.json': '{"name":"tsx","version":"4.21.0","type":"module","exports":"./index.js"}',
  'node_modules/tsx/index.js': "import 'jiti/register';\n",
};

import { execFile } from 'node:child_process';
import { lstat, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { drizzleProject, type Files, prismaProject } from '../../../../test/support/other-layers.js';
import { makeProject, type Project } from './cli.js';

const run = promisify(execFile);
const repository = fileURLToPath(new URL('../../../..', import.meta.url));

let project: Project;
beforeEach(async () => {
  project = await makeProject();
  await rm(join(project.folder, 'ashlar.config.js'));
});
afterEach(() => project.remove());

const write = async (files: Files): Promise<void> => {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(project.folder, path)), { recursive: true });
    await writeFile(join(project.folder, path), text);
  }
};
const place = (path: string): string => join(project.folder, path);
const read = (path: string): Promise<string> => readFile(join(project.folder, path), 'utf8');

/** Every file and folder of the project with its content, except what is installed. */
const content = async (): Promise<Record<string, string>> => {
  const found: Record<string, string> = {};
  const entries = await readdir(project.folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(project.folder, path);
    if (name.startsWith('node_modules')) continue;
    found[name] = entry.isFile() ? await readFile(path, 'utf8') : 'no file';
  }
  return found;
};

interface Outcome {
  readonly created: string[];
  readonly changed: string[];
  readonly there: string[];
  readonly step: string | null;
  readonly kept_scripts: string[];
  readonly engine: string;
  readonly package_manager: string;
  readonly orms: { name: string; files: string[]; database?: string; variable?: string; tables: string[] }[];
  readonly notes: string[];
  readonly next: string[];
}

const init = async (args: readonly string[] = [], env: NodeJS.Dict<string> = {}): Promise<Outcome> => {
  const ended = await project.json(['init', '--yes', ...args], env);
  expect(ended, ended.stdout).toMatchObject({ code: 0 });
  return ended.document as Outcome;
};
const refusal = async (args: readonly string[] = []): Promise<{ code: string; message: string }> => {
  const before = await content();
  const { document } = await project.json(['init', '--yes', ...args]);
  expect(await content()).toEqual(before);
  return (document as { error: { code: string; message: string } }).error;
};

/** Installs packages of the repository, as a package manager would; `instead` are modules in place of packages. */
const install = async (names: readonly string[], instead: Files = {}): Promise<void> => {
  for (const name of names) {
    const path = join(project.folder, 'node_modules', name);
    await mkdir(dirname(path), { recursive: true });
    await symlink(join(repository, 'node_modules', name), path, 'dir');
  }
  for (const [name, code] of Object.entries(instead))
    await write({
      [`node_modules/${name}/package.json`]: `{"name":"${name}","version":"4.9.9","type":"module","exports":{".":"./index.js","./package.json":"./package.json"}}`,
      [`node_modules/${name}/index.js`]: code,
    });
};
const drivers = ['better-sqlite3-multiple-ciphers', '@electric-sql/pglite'];
const everything = ['ashlar', 'zod', ...drivers, 'vitest'];

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

describe('the package manager', () => {
  const sqlite = `better-sqlite3-multiple-ciphers${Number(process.versions.napi) >= 10 ? '' : '@12'}`;
  const runtime = `ashlar zod ${sqlite}`;
  const dev = 'vitest';
  const npm = [`npm i ${runtime}`, `npm i -D ${dev}`, 'npx ashlar migrate new initial'];
  const pnpm = [`pnpm add ${runtime}`, `pnpm add -D ${dev}`, 'pnpm exec ashlar migrate new initial'];
  const yarn = [`yarn add ${runtime}`, `yarn add -D ${dev}`, 'yarn exec ashlar -- migrate new initial'];
  const bun = [`bun add ${runtime}`, `bun add -D ${dev}`, 'bun x ashlar migrate new initial'];
  const manifest = (more: object): Files => ({ 'package.json': json({ name: 'shop', ...more }) });

  test.each<[string, Files, NodeJS.Dict<string>, string[]]>([
    ['nothing', {}, {}, npm],
    ['package-lock.json', { 'package-lock.json': '{}' }, {}, npm],
    ['pnpm-lock.yaml', { 'pnpm-lock.yaml': '' }, {}, pnpm],
    ['yarn.lock', { 'yarn.lock': '' }, {}, yarn],
    ['bun.lock', { 'bun.lock': '{}' }, {}, bun],
    ['bun.lockb', { 'bun.lockb': '' }, {}, bun],
    ['packageManager', manifest({ packageManager: 'pnpm@10.9.0' }), {}, pnpm],
    [
      'packageManager, Yarn 4',
      manifest({ packageManager: 'yarn@4.1.0' }),
      {},
      [...yarn.slice(0, 2), 'yarn exec ashlar migrate new initial'],
    ],
    ['devEngines', manifest({ devEngines: { packageManager: { name: 'bun' } } }), {}, bun],
    ['who runs it', {}, { npm_config_user_agent: 'pnpm/10.9.0 npm/? node/v22.14.0' }, pnpm],
    ['an unknown agent', {}, { npm_config_user_agent: 'other/1.0' }, npm],
    ['the lock file before who runs it', { 'yarn.lock': '' }, { npm_config_user_agent: 'npm/11.0.0' }, yarn],
    [
      'the root of a workspace of pnpm',
      { 'pnpm-lock.yaml': '', 'pnpm-workspace.yaml': 'packages: []' },
      {},
      [`pnpm add -w ${runtime}`, `pnpm add -D -w ${dev}`, 'pnpm exec ashlar migrate new initial'],
    ],
  ])('%s', async (_, files, env, commands) => {
    await write(files);
    const { next, step } = await init([], env);
    expect(step).toBeNull();
    expect(next.slice(0, 3)).toEqual(commands);
  });

  test('what is installed is not asked for, and each engine needs its own driver', async () => {
    await install(['ashlar', 'zod', 'vitest']);
    expect((await init(['--engine', 'postgres'])).next.slice(0, 2)).toEqual([
      'npm i pg',
      'npm i -D @electric-sql/pglite',
    ]);
    expect(await read('ashlar.config.ts')).not.toContain('url');
    expect(await read('.env.example')).toMatch(/^DATABASE_URL=postgres:/m);
  });

  test.each([
    ['sqlite', 'better-sqlite3-multiple-ciphers', 'sqlite'],
    ['pglite', '@electric-sql/pglite', 'postgres'],
    ['postgres', '@electric-sql/pglite', 'postgres'],
  ])('%s: only its own drivers, and a step in its SQL alone', async (engine, driver, sql) => {
    await install(['ashlar', 'zod', 'vitest', driver, ...(engine === 'postgres' ? ['pg'] : [])]);
    expect((await init(['--engine', engine])).step).toBe('0001_initial');
    expect(await read('ashlar.config.ts')).toContain(`engines: ['${sql}']`);
    const files = [`down.${sql}.sql`, `up.${sql}.sql`];
    expect((await readdir(place('db/migrations/0001_initial'))).sort()).toEqual(files);
    // a run without --engine finds it in the configuration
    await rm(place('db/migrations'), { recursive: true });
    expect(await init()).toMatchObject({ engine, step: '0001_initial' });
    expect((await readdir(place('db/migrations/0001_initial'))).sort()).toEqual(files);
  });

  test('a configuration of both engines needs the drivers of both', async () => {
    await install(['ashlar', 'zod', 'vitest']);
    await write({
      'ashlar.config.ts': "export default { engines: ['sqlite', 'postgres'], url: 'sqlite:a.db' };",
    });
    expect((await init()).next.slice(0, 2)).toEqual([`npm i ${sqlite}`, 'npm i -D @electric-sql/pglite']);
  });

  test('--install runs its commands; one that fails leaves nothing behind', async () => {
    const program = `#!/usr/bin/env node
import { appendFileSync } from 'node:fs';
appendFileSync('calls', process.argv.slice(2).join(' ') + '\\n');
console.log('added');
process.exit(process.argv.includes('-D') ? 3 : 0);
`;
    await write({
      'package.json': json({ name: 'shop' }),
      'bin/package.json': '{"type":"module"}',
      'bin/npm': program,
    });
    await run('chmod', ['+x', join(project.folder, 'bin', 'npm')]);
    const before = await content();
    const env = { PATH: `${join(project.folder, 'bin')}:${process.env.PATH}` };
    const { code, document, stderr } = await project.json(['init', '--yes', '--install'], env);
    expect({ code, document }).toMatchObject({ code: 1, document: { error: { code: 'init-failed' } } });
    expect(stderr).toContain('added');
    const { calls, ...rest } = await content();
    expect(calls).toBe(`i ${runtime}\ni -D ${dev}\n`);
    expect(rest).toEqual(before);
  });
});

describe('TypeScript', () => {
  const options = {
    target: 'es2022',
    // TypeScript 6 and later load no other types by themselves
    lib: ['es2022'],
    types: [],
    strict: true,
    noEmit: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    verbatimModuleSyntax: true,
    erasableSyntaxOnly: true,
    isolatedModules: true,
    noPropertyAccessFromIndexSignature: true,
    noImplicitOverride: true,
    noUnusedLocals: true,
    noUnusedParameters: true,
    skipLibCheck: true,
  };
  const compilers = {
    7: join(repository, 'node_modules/typescript/bin/tsc'),
    5.9: join(repository, 'test/typescript-5.9/node_modules/typescript/bin/tsc'),
  };
  const setups: [string, object, 'ts' | 'js' | 'mts' | 'mjs', 'ts' | 'js' | 'mts' | 'mjs'][] = [
    ['module', { module: 'nodenext' }, 'ts', 'js'],
    ['module', { module: 'node16', allowImportingTsExtensions: true }, 'ts', 'ts'],
    [
      'module',
      { module: 'nodenext', noEmit: false, outDir: 'out', rewriteRelativeImportExtensions: true },
      'ts',
      'ts',
    ],
    ['module', { module: 'esnext', moduleResolution: 'bundler' }, 'ts', 'js'],
    ['module', { module: 'preserve', allowImportingTsExtensions: true }, 'ts', 'ts'],
    ['commonjs', { module: 'nodenext' }, 'mts', 'mjs'],
    ['commonjs', { module: 'node16', allowImportingTsExtensions: true }, 'mts', 'mts'],
    ['commonjs', { module: 'esnext', moduleResolution: 'bundler' }, 'ts', 'js'],
    ['none', { module: 'nodenext', noEmit: false, outDir: 'out' }, 'mts', 'mjs'],
  ];

  test.each(setups.map((setup, at) => [...setup, at] as const))(
    'type %s, %j: the files have no type error',
    async (type, module, extension, imported, at) => {
      await write({
        'package.json': json({
          name: 'shop',
          ...(type === 'none' ? {} : { type }),
          devDependencies: { typescript: '^5.9.0' },
        }),
        'base/tsconfig.json': json({ compilerOptions: { ...options, ...module } }),
        'tsconfig.json': '{ // the base has it all\n "extends": "./base/tsconfig.json", }',
        'src/index.ts': 'export {};\n',
      });
      expect((await init()).created).toContain(`src/db/shop.${extension}`);
      expect(await read(`ashlar.config.${extension}`)).toContain(`'./src/db/shop.${imported}'`);
      // the test for the other runner, beside the first
      await rename(place(`src/db/shop.test.${extension}`), place(`src/db/vitest.test.${extension}`));
      await rm(place(`ashlar.config.${extension}`));
      await init(['--runner', 'node', '--dir', 'src/db']);
      await install([...everything, '@types/node']);
      const chosen = at % 5 === 0 ? Object.values(compilers) : [compilers[at % 2 === 0 ? 5.9 : 7]];
      for (const compiler of chosen) {
        const { stdout } = await run(process.execPath, [compiler, '-p', project.folder]).catch(
          (error) => error,
        );
        expect(stdout).toBe('');
      }
    },
  );

  test.each<[object, string]>([
    [{ module: 'commonjs' }, '^7.0.0'],
    [{ module: 'CommonJS', moduleResolution: 'Node' }, '^5.0.0'],
    [{ module: 'esnext', moduleResolution: 'node' }, '^5.0.0'],
    [{ target: 'es5' }, '^5.0.0'],
  ])('%j cannot find ES modules: JavaScript is the way out', async (compilerOptions, typescript) => {
    await write({
      'package.json': json({ name: 'shop', devDependencies: { typescript } }),
      'tsconfig.json': json({ compilerOptions }),
    });
    expect(await refusal()).toMatchObject({ code: 'usage', message: expect.stringContaining('ES modules') });
    expect((await init(['--language', 'javascript'])).created).toContain('db/shop.mjs');
  });

  test.each<[string, Files, string]>([
    ['an empty folder', {}, 'db/shop.ts'],
    ['npm init', { 'package.json': '{"type":"commonjs"}' }, 'db/shop.mts'],
    ['JavaScript, CommonJS', { 'package.json': '{}', 'index.js': '' }, 'db/shop.mjs'],
    ['JavaScript, modules', { 'package.json': '{"type":"module"}', 'src/index.js': '' }, 'src/db/shop.js'],
    [
      'only configuration in JavaScript',
      { 'package.json': '{"type":"module"}', 'eslint.config.js': '' },
      'db/shop.ts',
    ],
    [
      'solution with references',
      { 'package.json': '{"type":"module"}', 'tsconfig.json': '{"files":[],"references":[]}' },
      'db/shop.ts',
    ],
    [
      'a base that is not installed',
      { 'package.json': '{"type":"module"}', 'tsconfig.json': '{"extends":"@x/y"}' },
      'db/shop.ts',
    ],
    ['a folder db', { 'db/schema.sql': '' }, 'ashlar/shop.ts'],
    [
      'a folder of sources',
      {
        'package.json': '{"type":"module"}',
        'tsconfig.json': '{"compilerOptions":{"module":"nodenext","rootDir":"lib"}}',
        'lib/a.ts': '',
      },
      'lib/db/shop.ts',
    ],
    [
      'the whole folder as sources',
      {
        'package.json': '{"type":"module"}',
        'tsconfig.json': '{"compilerOptions":{"module":"nodenext","rootDir":"."}}',
      },
      'db/shop.ts',
    ],
  ])('%s', async (_, files, table) => {
    await write(files);
    const { created } = await init();
    expect(created).toContain(table);
    if (/js$/.test(table)) expect(await read(table)).not.toContain('type ');
  });
});

describe('what is there stays', () => {
  const reference = [
    'db/shop.ts',
    'db/shop.test.ts',
    'ashlar.config.ts',
    '.env.example',
    '.gitignore',
    'package.json',
  ];

  test('these are all files that it creates', async () => {
    expect((await init()).created.sort()).toEqual([...reference].sort());
  });

  test.each(reference.slice(0, 2))('%s with another content: nothing is written', async (path) => {
    await write({ [path]: 'mine' });
    expect(await refusal(['--dir', 'db'])).toMatchObject({
      code: 'init-conflict',
      message: expect.stringContaining(path),
    });
    expect((await init(['--dir', 'other'])).created).toContain('other/shop.ts');
  });

  test('a folder with migrations: nothing is written', async () => {
    await write({ 'db/migrations/0001_initial/up.sqlite.sql': 'SELECT 1;' });
    expect(await refusal(['--dir', 'db'])).toMatchObject({ code: 'init-conflict' });
  });

  // a link to nowhere is no file when it is looked for, and refuses to be created
  test.each(reference.filter((path) => path !== 'ashlar.config.ts'))(
    'a failure at %s removes what was written before',
    async (path) => {
      await mkdir(dirname(join(project.folder, path)), { recursive: true });
      await symlink('nowhere/at/all', join(project.folder, path));
      const before = await content();
      const { code, document } = await project.json(['init', '--yes', '--dir', 'db']);
      expect({ code, document }).toMatchObject({ code: 1, document: { error: { code: 'init-failed' } } });
      expect(await content()).toEqual(before);
    },
  );

  test('a failure of the first step removes everything, and a run after the repair succeeds', async () => {
    await write({ 'package.json': '{\n\t"name": "shop",\n\t"type": "module"\n}', '.gitignore': 'dist' });
    await install(
      everything.filter((name) => name !== 'zod'),
      { zod: 'export const z = {};' },
    );
    const before = await content();
    const { code, document, stderr } = await project.json(['init', '--yes']);
    expect({ code, document }).toMatchObject({ code: 1, document: { error: { code: 'init-failed' } } });
    expect(stderr).toContain('is not a function');
    expect(await content()).toEqual(before);
    await rm(join(project.folder, 'node_modules/zod'), { recursive: true });
    await install(['zod']);
    expect((await init()).step).toBe('0001_initial');
  });

  test('a second run changes nothing and says what is there; what is missing is made again', async () => {
    await install(everything);
    const first = await init();
    expect(first.step).toBe('0001_initial');
    const whole = await content();
    const second = await init();
    expect(second).toMatchObject({ created: [], changed: [], step: null });
    expect(second.there).toEqual(['ashlar.config.ts', 'db/shop.ts', 'db/shop.test.ts', '.env.example']);
    expect(await content()).toEqual(whole);
    for (const lost of [
      ['db/shop.test.ts', '.env.example'],
      ['.gitignore'],
      ['db/migrations'],
      ['ashlar.config.ts', 'db/migrations'],
    ]) {
      for (const path of lost) await rm(join(project.folder, path), { recursive: true });
      await init();
      expect(await content()).toEqual(whole);
    }
  });

  test('a second run leaves tables that were changed alone', async () => {
    await init();
    await write({ 'db/shop.ts': '// mine' });
    await rm(join(project.folder, 'db/shop.test.ts'));
    expect((await init()).created).toEqual([]);
    await rm(join(project.folder, 'db/shop.ts'));
    expect((await init()).created).toEqual([]);
  });

  test('package.json and .gitignore keep their order, indentation, line ends and lines', async () => {
    const scripts = { test: 'mocha', 'db:up': 'docker compose up' };
    const given = JSON.stringify({ version: '1.0.0', scripts, name: 'shop', x: { y: [] } }, null, '\t');
    const crlf = (text: string): string => text.replaceAll('\n', '\r\n');
    await write({ 'package.json': `\uFEFF${crlf(given)}`, '.gitignore': 'dist\r\n.env' });
    const { kept_scripts: kept } = await init();
    expect(kept).toEqual(['db:up']);
    const changed = JSON.stringify(
      {
        version: '1.0.0',
        scripts: { ...scripts, 'test:ashlar': 'vitest run db/shop.test.mts', 'db:prove': 'ashlar prove' },
        name: 'shop',
        x: { y: [] },
      },
      null,
      '\t',
    );
    expect(await read('package.json')).toBe(`\uFEFF${crlf(changed)}`);
    expect(await read('.gitignore')).toBe('dist\r\n.env\r\nnode_modules/\r\n*.key\r\nshop.db*\r\n');
  });

  test('the test that npm init writes is none', async () => {
    await write({ 'package.json': json({ scripts: { test: 'echo "Error: no test specified" && exit 1' } }) });
    await init();
    expect(JSON.parse(await read('package.json'))).toMatchObject({ scripts: { test: 'vitest run' } });
  });

  test.each<[object, string, string]>([
    [{ scripts: { test: 'vitest --run' } }, 'shop.test.mts', 'vitest --run'],
    [{ scripts: { test: 'node --test' } }, 'shop.test.mts', 'node --test'],
    [{ scripts: { test: 'jest' }, devDependencies: { jest: '1' } }, 'shop.node-test.mts', 'jest'],
  ])('%j: the test is %s', async (manifest, file, script) => {
    await write({ 'package.json': json(manifest) });
    expect((await init()).created).toContain(`db/${file}`);
    const text = await read(`db/${file}`);
    expect(text.includes("from 'vitest'")).toBe(script.startsWith('vitest'));
    expect(JSON.parse(await read('package.json'))).toMatchObject({ scripts: { test: script } });
  });
});

describe('next to another data layer', () => {
  test('Drizzle: its tables and its variable are named, and its files stay as they are', async () => {
    await write(drizzleProject);
    const before = await content();
    const { orms, engine, created, changed, notes, next } = await init();
    expect(orms).toMatchObject([
      { name: 'Drizzle', database: 'postgresql', variable: 'DATABASE_URL', tables: ['bookings', 'rooms'] },
    ]);
    expect(engine).toBe('pglite');
    expect(created).toEqual(['src/ashlar/shop.ts', 'src/ashlar/shop.test.ts', 'ashlar.config.ts']);
    expect(changed).toEqual(['.gitignore', 'package.json']);
    expect(notes.join('\n')).toContain('DATABASE_URL is the database of Drizzle');
    expect(next).toContain('pnpm exec ashlar up --url pglite:shop.pglite');
    const after = await content();
    for (const path of Object.keys(before))
      if (!changed.includes(path)) expect(after[path]).toBe(before[path]);
  });

  test('Prisma: the same, and the text says that nothing is taken over', async () => {
    await write(prismaProject);
    const { code, stdout, stderr } = await project.ashlar(['init', '--yes']);
    expect(code).toBe(0);
    expect(stdout).toContain('Prisma: prisma/schema.prisma · sqlite · DATABASE_URL · tables: User, posts');
    expect(stdout).toContain('To take over those that exist: ashlar adopt URL');
    expect(stderr).toContain('Give --url sqlite:shop.db');
  });

  test.each([
    ['sqlite', 'sqlite:ashlar.db', 'ashlar.db*', 'ashlar.db'],
    ['pglite', 'pglite:ashlar.pglite', 'ashlar.pglite/', 'ashlar.pglite/PG_VERSION'],
  ])(
    'a database that is there is of another program: %s begins with its own',
    async (engine, url, line, file) => {
      await write({ ...prismaProject, 'shop.db': 'theirs', 'shop.pglite/PG_VERSION': '17' });
      const { created, notes } = await init(['--engine', engine]);
      const config = created.find((path) => path.startsWith('ashlar.config.')) ?? '';
      expect(await read(config)).toContain(`url: '${url}'`);
      expect(await read('.env.example')).toContain(`DATABASE_URL=${url}\n`);
      expect(await read('.gitignore')).toContain(line);
      expect(notes.join('\n')).toContain(`Give --url ${url}`);
      // a second run names the same one, also when it is there
      await write({ [file]: '' });
      expect((await init()).notes.join('\n')).toContain(`Give --url ${url}`);
    },
  );

  test.each<[string, Files, object]>([
    [
      'a URL in the configuration is never shown',
      {
        'drizzle.config.ts': `export default { dialect: 'mysql', schema: 'a.ts', dbCredentials: { url: 'mysql://u:pw-1c9e@h/d' } }`,
      },
      { name: 'Drizzle', database: 'mysql', tables: [] },
    ],
    [
      'a glob and names of a creator',
      {
        'drizzle.config.js': `export default { driver: 'pg', schema: "./src/db/*.ts", dbCredentials: { url: env.PG_URL } }`,
        'src/db/a.ts': `export const a = createTable(\n  'post', {})`,
      },
      { database: 'pg', variable: 'PG_URL', tables: ['post'] },
    ],
    [
      'a list of schemas',
      {
        'drizzle.config.json': `{ "dialect": "sqlite", "schema": ["a.ts", "b.ts"] }`,
        'a.ts': `sqliteTable("a", {})`,
        'b.ts': `auth.table('b', {})`,
      },
      { database: 'sqlite', tables: ['a', 'b'] },
    ],
    [
      'only the dependency',
      { 'package.json': json({ dependencies: { 'drizzle-orm': '1' } }) },
      { name: 'Drizzle', files: [], tables: [] },
    ],
    [
      'Prisma with a configuration and a folder',
      {
        'prisma.config.ts': `export default defineConfig({ schema: path.join('database'), datasource: { url: env('PRISMA_URL') } })`,
        'database/a.prisma': `datasource db {\n  provider = "postgresql"\n}`,
        'database/b.prisma': 'model A {\n id Int @id\n}\n// model Old {\n// }',
      },
      { name: 'Prisma', database: 'postgresql', variable: 'PRISMA_URL', tables: ['A'] },
    ],
  ])('%s', async (_, files, orm) => {
    await write(files);
    const ended = await project.json(['init', '--yes']);
    expect((ended.document as Outcome).orms).toMatchObject([orm]);
    expect(ended.stdout + ended.stderr).not.toContain('pw-1c9e');
  });
});

describe('what is there and cannot be used', () => {
  test.each([
    '.gitignore',
    '.env.example',
    'package.json',
    'db/shop.ts',
    'db/shop.test.ts',
    'ashlar.config.ts',
  ])('%s is a folder', async (path) => {
    await write({ [`${path}/file`]: '' });
    expect(await refusal(['--dir', 'db'])).toMatchObject({
      code: 'init-conflict',
      message: expect.stringContaining('cannot be read'),
    });
  });

  test.each(['export default { systems: [] };', 'export default {};'])('%s', async (text) => {
    await install([...everything, 'pg']);
    await write({ 'ashlar.config.js': text });
    expect(await refusal()).toMatchObject({
      code: 'init-conflict',
      message: expect.stringContaining('ashlar.config.js exists already, and has no system'),
    });
  });
});

describe('wrong usage', () => {
  test.each<[string, string[], Files]>([
    ['an unknown engine', ['--engine', 'mysql'], {}],
    ['a folder outside', ['--dir', '../elsewhere'], {}],
    ['a folder that an import cannot name', ['--dir', 'a%20b'], {}],
    ['a folder of packages', ['--dir', 'node_modules/shop'], {}],
    ['a folder within one of packages', ['--dir', './lib/node_modules/x/db'], {}],
    ['a folder of git', ['--dir', '.git'], {}],
    ['an empty folder name', ['--dir', ''], {}],
    ['an unknown language', ['--language', 'coffee'], {}],
    ['an unknown runner', ['--runner', 'jest'], {}],
    ['a URL', ['--url', 'sqlite:x.db'], {}],
    ['package.json that is no JSON', [], { 'package.json': '{' }],
    ['package.json that is a list', [], { 'package.json': '[]' }],
    ['scripts that are no texts', [], { 'package.json': '{"scripts":{"test":1}}' }],
    ['Zod 3', [], { 'package.json': json({ dependencies: { zod: '^3.25.0' } }) }],
  ])('%s', async (_, args, files) => {
    await write(files);
    expect(await refusal(args)).toMatchObject({ code: 'usage' });
  });

  test('a folder whose place a file has', async () => {
    await write({ taken: '' });
    expect(await refusal(['--dir', 'taken/db'])).toMatchObject({ code: 'init-failed' });
  });
});

describe('on a terminal', () => {
  test('it asks for the engine; Ctrl-C writes nothing', async () => {
    const { code, asked } = await project.typed(['init'], /Which database/, '\u0003');
    expect({ code, asked }).toEqual({ code: 2, asked: true });
    expect(await content()).toEqual({});
  });

  test('it asks for the folder, with a proposal', async () => {
    const { code } = await project.typed(
      ['init', '--engine', 'pglite', '--no-install'],
      /In which folder/,
      '\r',
    );
    expect(code).toBe(0);
    expect(await read('ashlar.config.ts')).toContain(`'./db/shop.ts'`);
    expect((await lstat(join(project.folder, 'db', 'shop.ts'))).isFile()).toBe(true);
  });

  test('it asks before it installs', async () => {
    const { code } = await project.typed(
      ['init', '--engine', 'sqlite', '--dir', 'db'],
      /Run now: npm i/,
      'n',
    );
    expect(code).toBe(0);
    expect(await read('db/shop.ts')).toContain('lifecycle');
  });
});

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
let folder: string;

const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(DATABASE_|NODE_OPTIONS|VITEST)/.test(name)),
);
const node = (...args: string[]) => run(process.execPath, args, { cwd: folder, env: environment });
const module = (path: string) => join('node_modules', path);
// a process that ends soon is not worth V8's optimising PGlite's WebAssembly
const ashlar = (...args: string[]) => node('--liftoff-only', module('ashlar/bin/ashlar.js'), ...args);

/** Puts a package of the repository into the project, as `npm install` would without a registry. */
const link = async (name: string): Promise<void> => {
  const target = join(folder, 'node_modules', name);
  await mkdir(dirname(target), { recursive: true });
  await symlink(join(root, 'node_modules', name), target, 'dir');
};

/** Unpacks the tarball that would be published, and links what its package.json and the README install. */
const install = async (installed: readonly string[]): Promise<void> => {
  const destination = ['--pack-destination', folder];
  const packed = await run('npm', ['pack', '--ignore-scripts', '--silent', ...destination], {
    cwd: join(root, 'packages', 'ashlar'),
  });
  const home = join(folder, 'node_modules', 'ashlar');
  await mkdir(home, { recursive: true });
  await run('tar', ['-xzf', join(folder, packed.stdout.trim()), '-C', home, '--strip-components', '1']);
  const { dependencies } = JSON.parse(await readFile(join(home, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const names = new Set([...Object.keys(dependencies), ...installed]);
  names.delete('ashlar');
  for (const name of names) await link(name);
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ashlar-newcomer-'));
  const page = await readFile(join(root, 'README.md'), 'utf8');
  const start = page.slice(page.indexOf('## Start in an empty folder'), page.indexOf('## Guarantees'));
  const installed = [...start.matchAll(/^npm install (?:--save-dev )?(.+)$/gm)].flatMap(([, names = '']) =>
    names.split(' '),
  );
  await writeFile(join(folder, 'package.json'), '{ "name": "shop", "private": true, "type": "module" }');
  await install(installed);
  const blocks = [...start.matchAll(/```ts\n(?:\/\/ (\S+)\n)?(.*?)```/gs)];
  // a block without the name of a file goes on with app.ts
  const further = blocks.flatMap(([, name, code = '']) => (name === undefined ? [code] : [])).join('');
  for (const [, name, code = ''] of blocks)
    if (name !== undefined)
      await writeFile(join(folder, name), code.replace('await db.close();', `${further}await db.close();`));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('the first page of README.md works in an empty folder, with the packed package', async () => {
  expect((await ashlar('migrate', 'new', 'initial')).stdout).toContain('wrote migrations/0001_initial');
  expect((await ashlar('up')).stdout).toContain('applied 0001_initial');
  expect((await node(module('jiti/lib/jiti-cli.mjs'), 'app.ts')).stdout.trim()).toBe('paid 0');
  expect((await node(module('vitest/vitest.mjs'), 'run')).stdout).toContain('1 passed');
});

test('its code has no type error, also where optional dependencies are missing', async () => {
  await Promise.all(['typescript', '@types/node'].map(link));
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        ...{ module: 'nodenext', target: 'es2024', lib: ['es2024'], types: ['node'] },
        ...{ strict: true, noEmit: true, allowImportingTsExtensions: true },
      },
    }),
  );
  await node(module('typescript/bin/tsc'), '-p', '.');
});

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeNewcomer, type Newcomer } from './support/newcomer.js';

let newcomer: Newcomer;
/** The files that the page shows. */
const shown: Record<string, string> = {};

beforeAll(async () => {
  const page = await readFile(fileURLToPath(new URL('../README.md', import.meta.url)), 'utf8');
  const start = page.slice(page.indexOf('## Start in an empty folder'), page.indexOf('## Guarantees'));
  const installed = [...start.matchAll(/^npm install (?:-D )?(.+)$/gm)].flatMap(([, names = '']) =>
    names.split(' '),
  );
  newcomer = await makeNewcomer(installed);
  const blocks = [...start.matchAll(/```ts\n(?:\/\/ (\S+)\n)?(.*?)```/gs)];
  // a block without the name of a file goes on with app.ts
  const further = blocks.flatMap(([, name, code = '']) => (name === undefined ? [code] : [])).join('');
  for (const [, name, code = ''] of blocks)
    if (name !== undefined)
      shown[name] =
        name === 'app.ts' ? code.replace('await db.close();', `${further}await db.close();`) : code;
});
afterAll(() => newcomer.remove());

test('ashlar init writes the files that the first page of README.md shows', async () => {
  const { stdout } = await newcomer.ashlar(['init', '--yes']);
  expect(stdout).toMatch(/^step +0001_initial$/m);
  const written = Object.keys(shown).filter((name) => name !== 'app.ts');
  expect(written).toHaveLength(3);
  for (const name of written) expect(await readFile(join(newcomer.folder, name), 'utf8')).toBe(shown[name]);
});

test('the first page works in an empty folder, with the packed package', async () => {
  expect((await newcomer.npm('test')).stdout).toContain('1 passed');
  expect((await newcomer.ashlar(['up'])).stdout).toContain('applied 0001_initial');
  expect((await newcomer.ashlar(['prove'])).stdout).toContain('none succeeded');
  await newcomer.write({ 'app.ts': shown['app.ts'] ?? '' });
  expect((await newcomer.node(['node_modules/jiti/lib/jiti-cli.mjs', 'app.ts'])).stdout.trim()).toBe(
    'paid 0',
  );
});

test('its code has no type error, also where optional dependencies are missing', async () => {
  await Promise.all(['typescript', '@types/node'].map(newcomer.link));
  await newcomer.write({
    'tsconfig.json': JSON.stringify({
      compilerOptions: {
        ...{ module: 'nodenext', target: 'es2024', lib: ['es2024'], types: ['node'] },
        ...{ strict: true, noEmit: true, allowImportingTsExtensions: true },
      },
    }),
  });
  await newcomer.node(['node_modules/typescript/bin/tsc', '-p', '.']);
});

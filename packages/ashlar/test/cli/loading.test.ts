import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeProject, type Project } from './cli.js';

let project: Project;
beforeAll(async () => {
  project = await makeProject({ processes: true });
});
afterAll(() => project.remove());

// writes the address of every module that is loaded to standard error
const hooks = `export const load = async (url, context, next) => {
  process._rawDebug('loaded ' + url);
  return next(url, context);
};`;
const asModule = (source: string): string => `data:text/javascript,${encodeURIComponent(source)}`;
const listing = `import { register } from 'node:module'; register(${JSON.stringify(asModule(hooks))});`;

const loadedBy = async (...args: readonly string[]): Promise<readonly string[]> => {
  const { code, stderr } = await project.spawned(args, { NODE_OPTIONS: `--import=${asModule(listing)}` });
  expect(code).toBe(0);
  return [...stderr.matchAll(/^loaded (file:.*)$/gm)].map(([, url = '']) => url);
};

const packagesOf = (urls: readonly string[]): readonly string[] => [
  ...new Set(urls.flatMap((url) => /^.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? [])),
];
const foldersOf = (urls: readonly string[]): readonly string[] => [
  ...new Set(urls.flatMap((url) => /\/packages\/ashlar\/dist\/([^/]+)\//.exec(url)?.[1] ?? [])),
];

describe('a command loads what it needs', () => {
  test('--version: the parser of the command line, and what all programs load', async () => {
    const loaded = await loadedBy('--version');
    expect(packagesOf(loaded).toSorted()).toEqual(['commander', 'zod']);
    expect(foldersOf(loaded).toSorted()).toEqual(['chunks', 'cli']);
    expect(loaded.filter((url) => url.includes('/cli/commands/'))).toEqual([]);
  });

  test('the help of a command: no driver, no logger and no other command', async () => {
    const loaded = await loadedBy('migrate', 'new', '--help');
    expect(packagesOf(loaded)).not.toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^(pino|pg|c12|jiti|better-sqlite3.*|@electric-sql.*)$/),
      ]),
    );
    expect(loaded.filter((url) => /\/cli\/commands\/(?!migrate)/.test(url))).toEqual([]);
    expect(foldersOf(loaded)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(backup|ledger|prove)$/)]),
    );
  });
});

test('--help lists the commands as they are, without loading them', async () => {
  const [listed, loaded] = [await project.spawned(['--help']), await project.spawned(['help'])];
  expect(listed.stdout).toContain('import [options] <file>');
  expect(listed).toEqual(loaded);
});

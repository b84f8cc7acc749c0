import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeProject, type Project } from './cli.js';

let project: Project;
beforeEach(async () => {
  project = await makeProject();
});
afterEach(() => project.remove());

/** An environment in which a package cannot be imported, as if it was not installed. */
const without = (name: string): NodeJS.Dict<string> => {
  const hook = `export const resolve = (specifier, context, next) => {
    if (specifier === '${name}' || specifier.startsWith('${name}/')) throw Object.assign(new Error('not installed: ' + specifier), { code: 'ERR_MODULE_NOT_FOUND' });
    return next(specifier, context);
  };`;
  const dataUrl = (source: string): string => `data:text/javascript,${encodeURIComponent(source)}`;
  const register = `import { register } from 'node:module'; register(${JSON.stringify(dataUrl(hook))});`;
  return { NODE_OPTIONS: `--import=${dataUrl(register)}` };
};

const drivers = { sqlite: 'better-sqlite3-multiple-ciphers', postgres: '@electric-sql/pglite' } as const;

const source = (rest: string, type = 'z.int()'): string => `
const notes = table('notes', { id: id(), body: ${type} });
export default { systems: [system('shop', { tables: { notes }, migrations: new URL('migrations/', import.meta.url) })]${rest} };
`;

const files = async (): Promise<string[]> =>
  (await readdir(join(project.folder, 'migrations'), { recursive: true }))
    .filter((file) => /up\./.test(file))
    .sort();

test.each([
  ['sqlite', 'postgres', ", engines: ['sqlite']"],
  ['postgres', 'sqlite', ", engines: ['postgres']"],
  ['sqlite', 'postgres', ", url: 'sqlite:shop.db'"],
  ['postgres', 'sqlite', ", url: 'postgres://127.0.0.1:1/shop'"],
] as const)('a project of %s only needs no driver of %s (%#)', async (own, other, rest) => {
  const env = without(drivers[other]);
  await project.configure(source(rest));
  expect(await project.spawned(['migrate', 'new', 'initial'], env)).toMatchObject({ code: 0 });
  // no URL says it any more: the files of the steps do
  await project.configure(source('', 'z.string()'));
  expect(await project.spawned(['migrate', 'check'], env)).toMatchObject({ code: 1 });
  expect(await project.spawned(['migrate', 'new', 'texts'], env)).toMatchObject({ code: 0 });
  expect(await project.spawned(['migrate', 'check'], env)).toMatchObject({ code: 0 });
  expect(await files()).toEqual([`0001_initial/up.${own}.sql`, `0002_texts/up.${own}.sql`]);
  // the test can fail: a project of both needs the other driver
  await project.configure(source(", engines: ['sqlite', 'postgres']", 'z.string()'));
  const refused = await project.spawned(['migrate', 'new', 'both'], env);
  expect(refused.code).not.toBe(0);
});

test('a DATABASE_URL of another program says nothing: that of the configuration does', async () => {
  await project.configure(source(", url: 'sqlite:shop.db'"));
  const env = { DATABASE_URL: 'file:./dev.db' };
  expect(await project.ashlar(['migrate', 'new', 'initial'], env)).toMatchObject({ code: 0 });
  expect(await files()).toEqual(['0001_initial/up.sqlite.sql']);
});

test('a project that says nothing has files for both engines, and an unknown engine is refused', async () => {
  await project.configure(source(''));
  expect(await project.ashlar(['migrate', 'new', 'initial'])).toMatchObject({ code: 0 });
  expect(await files()).toEqual(['0001_initial/up.postgres.sql', '0001_initial/up.sqlite.sql']);
  await project.configure(source(", engines: ['oracle']"));
  expect(await project.ashlar(['migrate', 'new', 'next'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('engines.0'),
  });
});

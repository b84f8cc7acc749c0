import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const execute = promisify(execFile);
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const { exports, peerDependencies } = JSON.parse(await readFile(here('../package.json'), 'utf8')) as {
  exports: Record<string, unknown>;
  peerDependencies: Record<string, string>;
};
const entries = Object.keys(exports)
  .filter((entry) => entry !== './package.json')
  .map((entry) => `ashlar${entry.slice(1)}`);

/** The modules of the package that a program has loaded, and the other packages of which it has loaded some. */
interface Counts {
  readonly modules: number;
  readonly kilobytes: number;
  readonly others: readonly string[];
}

describe('the built package', () => {
  let folder: string;
  beforeAll(async () => {
    // inside the repository, so that `ashlar` resolves by name
    folder = await mkdtemp(here('.entries-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('each entry point loads without a driver', async () => {
    const hooks = `const drivers = ${JSON.stringify(Object.keys(peerDependencies))};
      export const resolve = (specifier, context, next) => {
        if (drivers.some((name) => specifier === name || specifier.startsWith(name + '/')))
          throw new Error(specifier + ' is loaded by ' + context.parentURL);
        return next(specifier, context);
      };`;
    await writeFile(
      join(folder, 'load.mjs'),
      `import { register } from 'node:module';
      register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hooks)}));
      for (const entry of ${JSON.stringify(entries)}) await import(entry);
      await import('pg').then(() => console.log('loaded'), () => console.log('hooked'));`,
    );
    const { stdout } = await execute(process.execPath, [join(folder, 'load.mjs')]);
    expect(stdout.trim()).toBe('hooked');
  });

  // what a program loads is most of the time that it takes to start (decision 0044)
  test('a program that reads a row loads no more modules and bytes than its budget', async () => {
    const counted = `
      import inspector from 'node:inspector';
      const scripts = [];
      const session = new inspector.Session();
      session.connect();
      session.on('Debugger.scriptParsed', ({ params: { url, length } }) => {
        if (/^(file:|[/])/.test(url) && !url.includes('/.entries-')) scripts.push({ url, length });
      });
      session.post('Debugger.enable');
      const counts = () => {
        const own = scripts.filter(({ url }) => url.includes('/packages/ashlar/'));
        return {
          modules: own.length,
          kilobytes: Math.round(own.reduce((sum, { length }) => sum + length, 0) / 1_000),
          others: [...new Set(scripts.flatMap(({ url }) => url.match(/node_modules[/]((?:@[^/]+[/])?[^/]+)/)?.[1] ?? []))].sort(),
        };
      };
      const { id, connect, system, table } = await import('ashlar');
      const imported = counts();
      const { z } = await import('zod');
      const { default: Driver } = await import('better-sqlite3-multiple-ciphers');
      const path = ${JSON.stringify(join(folder, 'notes.db'))};
      const file = new Driver(path);
      file.exec("CREATE TABLE notes (id TEXT NOT NULL PRIMARY KEY, body TEXT NOT NULL) STRICT");
      const key = '01890a5d-ac96-774b-bcce-b302099a8057';
      file.prepare('INSERT INTO notes VALUES (?, ?)').run(key, 'a');
      file.close();
      const notes = table('notes', { id: id(), body: z.string() });
      const db = await connect(system('desk', { tables: { notes }, migrations: new URL('file:///none/') }), {
        url: 'sqlite:' + path,
        migrations: 'ignore',
      });
      const { body } = await db.get(notes, key);
      const read = counts();
      await db.close();
      console.log(JSON.stringify({ imported, body, read }));`;
    await writeFile(join(folder, 'count.mjs'), counted);
    const { stdout } = await execute(process.execPath, [join(folder, 'count.mjs')]);
    const { imported, body, read } = JSON.parse(stdout) as Record<'imported' | 'read', Counts> & {
      body: string;
    };
    expect(body).toBe('a');
    expect(imported.others).toEqual(['zod']);
    expect(read.others).toEqual(['better-sqlite3-multiple-ciphers', 'bindings', 'file-uri-to-path', 'zod']);
    expect(imported.modules).toBeLessThanOrEqual(2);
    expect(imported.kilobytes).toBeLessThan(320);
    expect(read.modules).toBeLessThanOrEqual(10);
    expect(read.kilobytes).toBeLessThan(1_100);
  });

  test.each([
    ['nodenext', 'nodenext'],
    ['bundler', 'esnext'],
  ])(
    'each entry point type-checks for a user, the declarations of its dependencies too: %s',
    async (moduleResolution, module) => {
      await writeFile(
        join(folder, 'use.ts'),
        entries.map((entry, n) => `export * as entry${n} from '${entry}';`).join('\n'),
      );
      const compilerOptions = {
        module,
        moduleResolution,
        target: 'es2022',
        lib: ['es2023'],
        types: ['node'],
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: false,
        noEmit: true,
      };
      const config = join(folder, `tsconfig.${moduleResolution}.json`);
      await writeFile(config, JSON.stringify({ compilerOptions, files: ['use.ts'] }));
      const typescript = here('../../../node_modules/typescript/bin/tsc');
      const compiled = execute(process.execPath, [typescript, '-p', config]).then(
        () => '',
        ({ stdout }: { stdout: string }) => stdout,
      );
      expect(await compiled).toBe('');
    },
  );
});

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

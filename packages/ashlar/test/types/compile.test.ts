import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isThorough } from '../../../../test/support/thorough.js';
import { fiftyTables } from './fifty-tables.js';

const run = promisify(execFile);
const here = fileURLToPath(new URL('.', import.meta.url));
const compilers = {
  7: fileURLToPath(new URL('../../../../node_modules/typescript/bin/tsc', import.meta.url)),
  5.9: fileURLToPath(
    new URL('../../../../test/typescript-5.9/node_modules/typescript/bin/tsc', import.meta.url),
  ),
};
// npm run check:types

// about 693,000 are Zod's, Kysely's and Node's own
const mostInstantiations = 2_250_000;

interface Settings {
  readonly resolution: 'nodenext' | 'bundler';
  readonly skipLibCheck: boolean;
  readonly files: readonly string[];
}

/** Compiles files against the built package, as a user's program does. */
const compile = async (folder: string, version: keyof typeof compilers, settings: Settings) => {
  const { resolution, skipLibCheck, files } = settings;
  const project = join(folder, `tsconfig.${version}.${resolution}.json`);
  const compilerOptions = {
    target: 'es2023',
    lib: ['es2024'],
    types: ['node'],
    module: resolution === 'nodenext' ? 'nodenext' : 'esnext',
    moduleResolution: resolution,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    skipLibCheck,
    declaration: true,
    noEmit: true,
  };
  await writeFile(project, JSON.stringify({ compilerOptions, files }));
  const parameters = [compilers[version], '-p', project, '--extendedDiagnostics', '--pretty', 'false'];
  const { stdout } = await run(process.execPath, parameters, { maxBuffer: 2 ** 26 }).catch(
    (error: { stdout: string }) => error,
  );
  return {
    errors: stdout.split('\n').filter((line) => line.includes('error TS')),
    instantiations: Number(/Instantiations:\s+(\d+)/.exec(stdout)?.[1]),
  };
};

describe('the types of the built package', () => {
  let folder: string;
  let declarations: readonly string[];
  beforeAll(async () => {
    // in this package, so that its name is found
    folder = await mkdtemp(join(here, '.compiled-'));
    await writeFile(join(folder, 'fifty-tables.ts'), fiftyTables);
    declarations = (await readdir(join(here, 'declarations'))).map((name) => `../declarations/${name}`);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('keep what they promise, and fifty tables within their budget', async () => {
    const { errors, instantiations } = await compile(folder, 7, {
      resolution: 'nodenext',
      skipLibCheck: false,
      files: ['fifty-tables.ts', ...declarations],
    });
    expect(errors).toEqual([]);
    expect(instantiations).toBeLessThan(mostInstantiations);
  });

  it.each([[7, 'bundler'], [5.9, 'nodenext'], ...(isThorough ? ([[5.9, 'bundler']] as const) : [])] as const)(
    'are the same with TypeScript %s and %s',
    async (version, resolution) => {
      const { errors } = await compile(folder, version, {
        resolution,
        skipLibCheck: !isThorough,
        files: declarations,
      });
      expect(errors).toEqual([]);
    },
  );
});

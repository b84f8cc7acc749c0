import { join } from 'node:path';
import type { Writing } from './language.js';
import type { Manifest } from './manifest.js';
import { quoted } from './program.js';

/** The test runners for which a test is written. */
export const runnerNames = ['vitest', 'node'] as const;
export type Runner = (typeof runnerNames)[number];

/** How the test of a project is named and run. */
export interface TestSetup {
  readonly runner: Runner;
  /** The name of the test's file. */
  readonly file: string;
  /** The program that runs tests, without a file. */
  readonly program: readonly string[];
  /** Packages that it needs. */
  readonly tools: readonly string[];
}

/**
 * Chooses the runner of the test: node:test where the project uses it, Vitest elsewhere. Jest cannot load ES modules
 * without a flag, so its projects get a test for node:test, under a name that Jest does not take for one of its own.
 *
 * @param asked - the runner to use instead
 */
export function testSetup(manifest: Manifest, writing: Writing, asked: Runner | undefined): TestSetup {
  const usesNode = /(^|\s)--test(\s|$)/.test(manifest.script('test') ?? '') && !manifest.has('vitest');
  const usesJest = manifest.has('jest') && !manifest.has('vitest');
  const runner = asked ?? (usesNode || usesJest ? 'node' : 'vitest');
  const types = writing.usesTypes ? ['@types/node'] : [];
  if (runner === 'vitest')
    return {
      runner,
      file: `shop.test.${writing.extension}`,
      program: ['vitest', 'run'],
      tools: ['vitest', ...types],
    };
  const loader = loaderOf(manifest, writing);
  return {
    runner,
    file: `shop.${usesJest ? 'node-test' : 'test'}.${writing.extension}`,
    program: ['node', ...loader.flags, '--test'],
    tools: [...loader.tools, ...types],
  };
}

const loaderOf = (
  manifest: Manifest,
  { language, extension, imported }: Writing,
): { readonly flags: readonly string[]; readonly tools: readonly string[] } => {
  if (language === 'javascript') return { flags: [], tools: [] };
  if (manifest.has('tsx')) return { flags: ['--import', 'tsx'], tools: [] };
  // Node itself reads TypeScript, but resolves imports as they are written
  if ('typescript' in process.features && process.features.typescript && extension === imported)
    return { flags: [], tools: [] };
  return { flags: ['--import', 'jiti/register'], tools: ['jiti'] };
};

/** The command that runs the test alone, as a script of package.json. */
export function testScript({ program, file }: TestSetup, folder: string): string {
  return [...program, quoted(join(folder, file).replaceAll('\\', '/'))].join(' ');
}

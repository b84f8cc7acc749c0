import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AshlarError, defineErrors, errorCodes } from 'ashlar';
import { describe, expect, it } from 'vitest';
import { errorsPage } from '../../../scripts/write-docs.mjs';

const root = join(import.meta.dirname, '../../..');
const systems = readdirSync(join(root, 'systems'));

const sources = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !/(^|\/)(dist|node_modules|test)\//.test(path))
    .map((path) => readFileSync(join(root, folder, path), 'utf8'));

const everySource = [
  ...sources('packages/ashlar/src'),
  ...systems.flatMap((name) => sources(`systems/${name}/src`)),
];

describe('errors', () => {
  it('are all in the committed catalogue', () => {
    expect(readFileSync(join(root, 'docs/errors.md'), 'utf8')).toBe(errorsPage(errorCodes));
  });

  it('are all thrown somewhere', () => {
    const text = everySource.filter((source) => !source.includes('export const errorCodes')).join('\n');
    const unused = Object.keys(errorCodes).filter((code) => !text.includes(`'${code}'`));
    expect(unused).toEqual([]);
  });

  it('are never bare', () => {
    for (const source of everySource) expect(source).not.toMatch(/throw new Error\(/);
  });

  it('are data: code, message, detail, suggestion, without the cause', () => {
    const error = new AshlarError('usage', {
      message: 'm',
      detail: 'd',
      suggestion: 's',
      cause: new TypeError('secret'),
    });
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      code: 'usage',
      message: 'm',
      detail: 'd',
      suggestion: 's',
    });
    expect(error.exitCode).toBe(2);
  });

  it('exit with the status of their system’s catalogue', () => {
    defineErrors('bakery', { 'oven-cold': { exit: 3, meaning: 'The oven is cold.' } });
    // @ts-expect-error the code is not in SystemErrors, which the system did not augment
    expect(new AshlarError('oven-cold', { message: 'm' }).exitCode).toBe(3);
  });

  it.each([
    ['a code of Ashlar', 'bakery', 'usage', 'Ashlar'],
    ['a code of another system', 'butcher', 'flour-out', 'bakery'],
    ['a code of the same system with another meaning', 'bakery', 'flour-out', 'bakery'],
  ])('refuse %s', (_, system, code, owner) => {
    defineErrors('bakery', { 'flour-out': { exit: 1, meaning: 'No flour is left.' } });
    expect(() => defineErrors(system, { [code]: { exit: 2, meaning: 'Another.' } })).toThrow(
      `The error code ${code} of ${system} is already an error code of ${owner}.`,
    );
  });

  it('may be defined twice, where a module is loaded twice', () => {
    const codes = { 'salt-out': { exit: 1, meaning: 'No salt is left.' } } as const;
    expect(defineErrors('bakery', codes)).toEqual(defineErrors('bakery', { ...codes }));
  });

  it.each(['Oven', 'oven_cold', '-oven', 'oven-', ''])(
    'have lower-case words with hyphens: not "%s"',
    (code) => {
      expect(() => defineErrors('bakery', { [code]: { exit: 1, meaning: 'm' } })).toThrow('is not valid');
    },
  );
});

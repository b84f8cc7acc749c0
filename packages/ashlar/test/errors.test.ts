import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AshlarError, errorCodes } from 'ashlar';
import { describe, expect, it } from 'vitest';
import { errorsPage } from '../../../scripts/write-docs.mjs';

const root = join(import.meta.dirname, '../../..');

const sources = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !/(^|\/)(dist|node_modules|test)\//.test(path))
    .map((path) => readFileSync(join(root, folder, path), 'utf8'));

describe('errors', () => {
  it('are all in the committed catalogue', () => {
    expect(readFileSync(join(root, 'docs/errors.md'), 'utf8')).toBe(errorsPage(errorCodes));
  });

  it('are all thrown somewhere: no code outlives its use', () => {
    const text = [...sources('packages/ashlar/src'), ...sources('systems')]
      .filter((source) => !source.includes('export const errorCodes'))
      .join('\n');
    const unused = Object.keys(errorCodes).filter((code) => !text.includes(`'${code}'`));
    expect(unused).toEqual([]);
  });

  it('are never bare', () => {
    for (const source of [...sources('packages/ashlar/src'), ...sources('systems')])
      expect(source).not.toMatch(/throw new Error\(/);
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
});

import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ashlar from 'ashlar';
import { AshlarError, defineErrors, errorCodes, isAshlarError } from 'ashlar';
import * as guarantees from 'ashlar/guarantees';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { beforeExamples, errorDocs } from '../../../scripts/error-docs.mjs';
import { errorsPage } from '../../../scripts/write-docs.mjs';
import { createFoundation } from '../src/engines/foundation.js';

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

const AsyncFunction = (async () => undefined).constructor as new (
  ...parameters: string[]
) => (...values: unknown[]) => Promise<unknown>;

/** Opens a database in memory that has the tables of a system. */
const open = async (shop: ashlar.System): Promise<ashlar.Database> => {
  const db = await ashlar.connect(shop, { url: 'sqlite::memory:' });
  await db.engine.asOwner(async (owner) => {
    await createFoundation(owner, db.engine.dialect);
    for (const table of Object.values(shop.tables))
      for (const statement of db.engine.dialect.createTable(table)) await owner.script(statement);
  });
  return db;
};

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

  it('each have a cause, an example and a remedy', () => {
    expect(Object.keys(errorDocs).sort()).toEqual(Object.keys(errorCodes).sort());
    expect(() => errorsPage(errorCodes, {})).toThrow('has no entry for the error code');
    expect(() => errorsPage({}, errorDocs)).toThrow('has unknown codes');
  });

  const examples = Object.entries(errorDocs).filter(([, { runs }]) => runs);
  it.each(examples)('have an example that fails with %s', async (code, { example }) => {
    const folder = await mkdtemp(join(tmpdir(), 'ashlar-errors-'));
    const names = { ...ashlar, ...guarantees, z, sql, folder, writeFile, open };
    const [declare = '', insert = ''] = beforeExamples.split('\n\n');
    const body = `${declare}\nconst db = await open(shop);\ntry {\n${insert}\n${example}\n} finally { await db.close(); }`;
    try {
      const run = new AsyncFunction(...Object.keys(names), body);
      await expect(run(...Object.values(names))).rejects.toMatchObject({ code });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('are recognised from another copy of the package, by name and code', () => {
    const error = new AshlarError('unique-violation', { message: 'm', facts: { columns: ['email'] } });
    const copy = Object.assign(new Error('m'), { name: 'AshlarError', code: 'unique-violation' });
    for (const each of [error, copy]) {
      expect(isAshlarError(each)).toBe(true);
      expect(isAshlarError(each, 'unique-violation')).toBe(true);
      expect(isAshlarError(each, 'usage', 'unique-violation')).toBe(true);
      expect(isAshlarError(each, 'usage')).toBe(false);
    }
    for (const other of [undefined, null, 'AshlarError', new Error('m'), { name: 'AshlarError' }])
      expect(isAshlarError(other)).toBe(false);
  });

  it('have facts, which JSON leaves out where none is known', () => {
    const facts = { table: 'users', columns: ['email'], constraint: 'users_email_key' };
    const error = new AshlarError('unique-violation', { message: 'm', facts });
    expect(error.facts).toEqual(facts);
    expect(JSON.parse(JSON.stringify(error))).toEqual({ code: 'unique-violation', message: 'm', facts });
    expect(new AshlarError('usage', { message: 'm' }).facts).toEqual({});
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

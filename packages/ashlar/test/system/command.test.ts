import { command, system } from 'ashlar';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';

const declare = (shape: z.core.$ZodLooseShape, positionals: readonly string[] = []) =>
  command({
    summary: 'sell an item',
    input: z.object(shape),
    positionals: [...positionals],
    run: async () => undefined,
  });
const refused = (message: string, facts: object = {}) =>
  expect.objectContaining({ code: 'usage', message: expect.stringContaining(message), ...facts });

describe('the declaration of a command', () => {
  test.each(['json', 'keyFile', 'allow_owner'])('refuses %s, an option of every command', (name) => {
    expect(() => declare({ [name]: z.string() })).toThrow(refused(`The input property ${name} of`));
  });

  test.each([
    ['noBackup', z.boolean().default(false)],
    ['no_backup', z.boolean().optional()],
    ['noBackup', z.string().optional()],
  ])('refuses the option %s, which the parser would invert', (name, schema) => {
    expect(() => declare({ [name]: schema })).toThrow(
      refused(`The input property ${name} of a command (sell an item) is not allowed.`, {
        suggestion: expect.stringContaining('Name the property positively'),
      }),
    );
  });

  test('accepts names that only resemble an inverted option', () => {
    expect(() => declare({ note: z.string(), north: z.boolean(), no: z.boolean() })).not.toThrow();
    expect(() => declare({ noOfItems: z.int() }, ['noOfItems'])).not.toThrow();
  });

  test.each([
    ['maxPrice', 'max_price'],
    ['a1', 'a_1'],
  ])('refuses %s and %s, which give the same option', (one, other) => {
    expect(() => declare({ [one]: z.string(), [other]: z.string() })).toThrow(
      refused(`The input properties ${one} and ${other} of`),
    );
  });

  test('refuses an argument that is not a property, also one of every object', () => {
    for (const name of ['size', 'toString'])
      expect(() => declare({ name: z.string() }, [name])).toThrow(refused(`The argument ${name} of`));
  });

  test.each([
    ['a list', z.array(z.string())],
    ['an optional list', z.array(z.string()).optional()],
    ['a list with a default', z.array(z.string()).default([])],
  ])('refuses %s that is not the last argument', (_, labels) => {
    expect(() => declare({ labels, name: z.string() }, ['labels', 'name'])).toThrow(
      refused('The argument labels of a command (sell an item) is a list, but not the last argument.'),
    );
    expect(() => declare({ labels, name: z.string() }, ['name', 'labels'])).not.toThrow();
  });

  test.each([
    ['an optional argument', z.string().optional()],
    ['an argument with a default', z.int().default(1)],
  ])('refuses %s before a required one', (_, count) => {
    const shape = { count, size: z.string().optional(), name: z.string() };
    expect(() => declare(shape, ['count', 'size', 'name'])).toThrow(
      refused('The argument count of a command (sell an item) is optional', {
        message: expect.stringContaining('before the required argument name'),
      }),
    );
    expect(() => declare(shape, ['name', 'count', 'size'])).not.toThrow();
  });
});

describe('the name of a system', () => {
  const migrations = new URL('migrations/', import.meta.url);

  test.each(['', 'Shop', '1shop', '-shop', '_shop', 'web shop', 'shop\n', 'shöp', 'web.shop', '../shop'])(
    'cannot be %j',
    (name) => {
      expect(() => system(name, { tables: {}, migrations })).toThrow(refused(JSON.stringify(name)));
    },
  );

  test.each(['s', 'shop', 'web-shop', 'jobs_test', 'shop2'])('can be %s', (name) => {
    expect(system(name, { tables: {}, migrations }).name).toBe(name);
  });
});

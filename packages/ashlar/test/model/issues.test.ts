import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Column } from '../../src/contract/column.js';
import { errorIssues, issueText } from '../../src/model/index.js';
import { dossiers } from '../encryption/support.js';

const issuesOf = (schema: z.ZodType, given: unknown, columns?: Record<string, Column>) =>
  errorIssues(schema.safeParse(given).error?.issues ?? [], {
    schema,
    given,
    ...(columns ? { columns } : {}),
  });

const repeating = (type: z.ZodType) =>
  type.refine(() => false, { error: ({ input }) => `${JSON.stringify(input)} is not allowed` });

describe('issues of Zod as facts', () => {
  test('have code, path and message', () => {
    expect(issuesOf(z.object({ age: z.int().min(18) }), { age: 7 })).toEqual([
      { code: 'too_small', path: ['age'], message: 'Too small: expected number to be >=18' },
    ]);
  });

  test.each([
    ['a text', repeating(z.string()), 'secret-text'],
    ['a short text', repeating(z.string()), 'x'],
    ['a number', repeating(z.number()), 4711],
    ['a list', repeating(z.array(z.string())), ['secret-text', 'other']],
    ['an object', repeating(z.object({ a: z.string() })), { a: 'secret-text' }],
    ['a date', repeating(z.date()), new Date('2026-01-31T08:00:00Z')],
  ])('have Zod’s message instead of one that repeats %s', (_, type, given) => {
    expect(issuesOf(z.object({ a: type }), { a: given })).toEqual([
      { code: 'custom', path: ['a'], message: 'Invalid input' },
    ]);
  });

  test('have no message with a value of another column', () => {
    const row = z
      .object({ a: z.string(), b: z.string() })
      .superRefine(({ a }, context) =>
        context.addIssue({ code: 'custom', path: ['b'], message: `b contradicts ${a}` }),
      );
    expect(issuesOf(row, { a: 'secret-text', b: 'other' })).toEqual([
      { code: 'custom', path: ['b'], message: 'Invalid input' },
    ]);
  });

  test('keep a message that has only a declared value', () => {
    const status = z.object({ status: z.enum(['open', 'done']), other: z.string() });
    expect(issuesOf(status, { status: 'wrong', other: 'done' })).toEqual([
      { code: 'invalid_value', path: ['status'], message: 'Invalid option: expected one of "open"|"done"' },
    ]);
    const named = z.object({ age: z.int().min(18, { error: 'Must be of age' }) });
    expect(issuesOf(named, { age: 7 })).toMatchObject([{ message: 'Must be of age' }]);
  });

  test.each<[string, z.ZodType, unknown, readonly (string | number)[]]>([
    ['declared properties', z.object({ b: z.object({ c: z.int() }) }), { b: { c: 'x' } }, ['a', 'b', 'c']],
    ['indexes of arrays', z.array(z.tuple([z.string()])), [['x'], [1]], ['a', 1, 0]],
    ['keys of records', z.record(z.string(), z.object({ c: z.int() })), { secret: { c: 'x' } }, ['a']],
    ['keys of loose objects', z.object({}).catchall(z.int()), { secret: 'x' }, ['a']],
    ['a union', z.union([z.object({ c: z.int() }), z.object({ d: z.int() })]), { c: 'x' }, ['a']],
    ['optional and nullable parts', z.object({ b: z.int().nullable().optional() }), { b: 'x' }, ['a', 'b']],
    ['unknown keys', z.strictObject({ b: z.string() }), { b: 'x', secret: 'x' }, ['a']],
    ['invalid keys', z.record(z.string().max(1), z.string()), { secret: 'x' }, ['a']],
  ])('have a path that ends before a key that is a value: %s', (_, type, given, path) => {
    const issues = issuesOf(z.object({ a: type }), { a: given });
    expect(issues).toMatchObject([{ path }]);
    expect(JSON.stringify(issues)).not.toContain('secret');
  });

  test('of an unknown column name the column', () => {
    expect(issuesOf(z.strictObject({ email: z.string() }), { email: 'a', emial: 'a' })).toMatchObject([
      { code: 'unrecognized_keys', path: [], message: 'Unrecognized key: "emial"' },
    ]);
  });

  test('of a lazy schema that contains itself have the declared path', () => {
    const node: z.ZodType = z.lazy(() => z.object({ next: node.optional(), size: z.int() }));
    expect(issuesOf(node, { next: { next: { size: 'x' }, size: 1 }, size: 1 })).toMatchObject([
      { path: ['next', 'next', 'size'] },
    ]);
  });

  test('of a value that contains itself end', () => {
    const circle: Record<string, unknown> = { a: 1 };
    circle.self = circle;
    expect(issuesOf(z.object({ a: repeating(z.number()) }), circle)).toMatchObject([
      { message: 'Invalid input' },
    ]);
  });

  test('of an encrypted column have only code and column', () => {
    const { columns } = dossiers;
    const schema = z.object({ facts: columns.facts.declared });
    const issues = issuesOf(schema, { facts: { secret: undefined } }, columns);
    expect(issues).toEqual([{ code: 'invalid_union', path: ['facts'] }]);
    expect(issues.map((issue) => issueText(issue, 'dossiers'))).toEqual([
      'dossiers.facts: the value is not valid, and the problem of an encrypted value is not shown',
    ]);
  });
});

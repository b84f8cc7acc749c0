import {
  type AshlarError,
  autoincrement,
  check,
  createdAt,
  id,
  index,
  inet,
  json,
  primaryKey,
  references,
  table,
  timestamps,
  unique,
} from 'ashlar';
import { appendOnly } from 'ashlar/guarantees';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { fillGenerated } from '../../src/model/index.js';

const declare = (shape: Record<string, z.ZodType>, items?: Parameters<typeof table>[2]) => () =>
  table('things', shape, items);

const error = (work: () => unknown) => {
  try {
    work();
  } catch (caught) {
    return caught;
  }
  return undefined;
};

describe('a table', () => {
  const people = table('people', { id: id(), name: z.string() });
  const notes = table(
    'notes',
    {
      id: id(),
      author_id: z.uuid(),
      body: z.string().min(1).max(500),
      mood: z.enum(['good', 'bad']).default('good'),
      stars: z.int32().min(0).max(5).nullable(),
      tags: z.array(z.string()).default([]),
      ...timestamps(),
    },
    (c) => [
      unique(c.author_id, c.body),
      index(c.mood, c.created_at),
      index(c.stars, { where: 'stars IS NOT NULL' }),
      references(c.author_id, people.columns.id, { onDelete: 'cascade' }),
      check('notes_no_shouting', 'body <> upper(body)'),
    ],
  );

  it('names keys, indexes and constraints as PostgreSQL would', () => {
    expect(notes.primaryKey).toEqual({ name: 'notes_pkey', columns: ['id'] });
    expect(notes.uniques).toEqual([
      { name: 'notes_author_id_body_key', columns: ['author_id', 'body'], nullsEqual: [] },
    ]);
    expect(notes.indexes.map((i) => i.name)).toEqual(['notes_mood_created_at_idx', 'notes_stars_idx']);
    expect(notes.foreignKeys).toEqual([
      {
        name: 'notes_author_id_fkey',
        columns: ['author_id'],
        target: { table: 'people', columns: ['id'] },
        onDelete: 'cascade',
        onUpdate: 'no action',
        deferrable: false,
      },
    ]);
    expect(notes.checks.map((c) => c.name)).toEqual(['notes_no_shouting']);
  });

  it('derives the rules that a database can check from Zod', () => {
    expect(notes.columns.body.rules).toEqual({ minLength: 1, maxLength: 500 });
    expect(notes.columns.mood).toMatchObject({
      kind: 'text',
      rules: { oneOf: ['good', 'bad'] },
      default: 'good',
    });
    expect(notes.columns.stars).toMatchObject({
      kind: 'integer',
      nullable: true,
      rules: { minimum: 0, maximum: 5 },
    });
    expect(notes.columns.tags).toMatchObject({ kind: 'json', default: [] });
    expect(notes.columns.created_at).toMatchObject({ kind: 'timestamp', precision: 3, generated: 'now' });
  });

  it('the schema of an insert fills in constant defaults, and no generated value', () => {
    const author_id = '0190a0b0-0000-7000-8000-000000000000';
    const row = notes.insert.parse({ author_id, body: 'hello' });
    expect(row).toStrictEqual({ author_id, body: 'hello', mood: 'good', stars: null, tags: [] });
  });

  it('ids are generated apart from the schema, and sort by creation time', () => {
    const ids = Array.from({ length: 500 }, () => {
      const row: Record<string, unknown> = { name: 'x' };
      fillGenerated(people, row);
      return row.id as string;
    });
    expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect([...ids].sort()).toEqual(ids);
  });

  it('an update accepts any column except the key and applies no defaults', () => {
    expect(notes.update.parse({ stars: 3 })).toEqual({ stars: 3 });
    expect(notes.update.safeParse({ id: '0190a0b0-0000-7000-8000-000000000000' }).success).toBe(false);
  });

  it('refuses unknown columns', () => {
    expect(people.insert.safeParse({ name: 'x', nmae: 'y' }).success).toBe(false);
  });

  it('can be converted to a JSON Schema', () => {
    expect(z.toJSONSchema(people.row)).toMatchObject({ type: 'object', required: ['id', 'name'] });
  });
});

describe('an invalid declaration is refused with the table and column named', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['no primary key', declare({ name: z.string() }), /things: there is no primary key/],
    [
      'two primary keys',
      declare({ id: id(), code: z.string() }, (c) => [primaryKey(c.code as never)]),
      /two primary keys: id and code/,
    ],
    ['an index on no column', declare({ id: id() }, () => [index()]), /things: An index has no column/],
    [
      'an index on a column that does not exist',
      declare({ id: id() }, (c) => [index(c.nope as never)]),
      /does not have/,
    ],
    [
      'a column of another table',
      declare({ id: id() }, () => [index(table('others', { id: id() }).columns.id)]),
      /others\.id of another table/,
    ],
    [
      'a nullable primary key',
      declare({ code: z.string().nullable() }, (c) => [primaryKey(c.code as never)]),
      /code is nullable/,
    ],
    [
      'an autoincrement column that is not the primary key',
      declare({ id: id(), n: autoincrement() }),
      /two primary keys: id and n/,
    ],
    [
      'a key of the database and nothing else',
      declare({ id: autoincrement() }),
      /only the database gives its columns/,
    ],
    [
      'a key and a time of the database',
      () => table('things', { id: autoincrement(), at: createdAt() }, () => [appendOnly()]),
      /only the database gives its columns/,
    ],
    [
      'set null on a required column',
      declare({ id: id(), a: z.uuid() }, (c) => [
        references(c.a as never, c.id as never, { onDelete: 'set null' }),
      ]),
      /a cannot be set to null/,
    ],
    [
      'two constraints with the same name',
      declare({ id: id(), a: z.int() }, (c) => [index(c.a as never), index(c.a as never)]),
      /two constraints or indexes are named things_a_idx/,
    ],
    ['a column name that Ashlar reserves', declare({ id: id(), ashlar_at: z.int() }), /named "ashlar_at"/],
    [
      'a table name that Ashlar reserves',
      () => table('ashlar_things', { id: id() }),
      /named "ashlar_things"/,
    ],
    ['a name with a space', () => table('Two things', { id: id() }), /cannot be named "Two things"/],
    ['a name that PostgreSQL would truncate', declare({ id: id(), ['a'.repeat(60)]: z.int() }), /characters/],
  ])('%s', (_, work, message) => {
    expect(error(work)).toMatchObject({ code: 'table-invalid', message: expect.stringMatching(message) });
  });

  it.each<[string, z.ZodType]>([
    ['a literal of a bigint', z.literal(1n)],
    ['.optional()', z.string().optional()],
    ['z.ipv6()', z.ipv6()],
    ['a transform', z.string().transform(Number)],
    ['a map', z.map(z.string(), z.string())],
    ['a time with an offset', z.iso.datetime({ offset: true })],
    ['a date inside JSON', z.object({ at: z.date() })],
    ['a mixed choice', z.literal(['a', 1])],
    ['a union of strings', z.union([z.email(), z.url()])],
    ['a union of literals', z.union([z.literal('a'), z.literal('b')])],
    ['a union of an enum and a literal', z.union([z.enum(['a', 'b']), z.literal('c')])],
    [
      'a union in a union',
      z.union([z.literal('a'), z.union([z.literal('b'), z.templateLiteral(['c', z.int()])])]),
    ],
    ['a union of a string and null', z.union([z.string(), z.null()])],
    ['a union of a nullable string', z.union([z.string().nullable(), z.literal('c').readonly()])],
    ['a union of integers', z.union([z.literal(1), z.literal(2)])],
    ['a union of booleans', z.union([z.literal(true), z.boolean()])],
    ['a union of null', z.union([z.null(), z.literal(null)])],
  ])('%s cannot be a column', (_, type) => {
    expect(error(declare({ id: id(), odd: type }))).toMatchObject({
      code: 'column-type-unsupported',
      message: expect.stringContaining('things.odd'),
    });
  });
});

describe('a type without a column form', () => {
  const types = {
    never: z.never(),
    symbol: z.symbol(),
    file: z.file(),
    undefined: z.undefined(),
    void: z.void(),
    nan: z.nan(),
    map: z.map(z.string(), z.string()),
    set: z.set(z.string()),
    promise: z.promise(z.string()),
    function: z.custom(() => true),
    null: z.null(),
    unknown: z.unknown(),
    any: z.any(),
    strings: z.union([z.literal('a'), z.literal('b')]),
    numbers: z.union([z.literal(1), z.literal(1.5)]),
    choice: z.literal(['a', 1]),
  };
  it.each(Object.entries(types))('the error for %s suggests json(…) exactly if json(…) works', (_, type) => {
    const refused = error(declare({ id: id(), odd: type }));
    expect(refused).toMatchObject({ code: 'column-type-unsupported' });
    const advised = (refused as AshlarError).suggestion?.includes('json(…)') ?? false;
    let possible = true;
    try {
      table('things', { id: id(), odd: json(type as z.ZodType) });
    } catch {
      possible = false;
    }
    expect(advised).toBe(possible);
  });

  it.each<[string, z.ZodType]>([
    ['a union of a string and a number', z.union([z.string(), z.number()])],
    ['a union of a string and an object', z.union([z.string(), z.object({ a: z.string() })])],
    ['a union of objects', z.union([z.object({ a: z.string() }), z.object({ b: z.string() })])],
  ])('%s is JSON', (_, type) => {
    expect(table('things', { id: id(), odd: type }).columns.odd.kind).toBe('json');
  });
});

describe('a value that cannot be read back unchanged is refused before it is written', () => {
  const things = table('things', {
    id: id(),
    text: z.string().min(2).max(4),
    size: z.number(),
    at: createdAt(),
    data: json(z.unknown()),
    address: inet().nullable(),
  });
  const good = { text: 'abcd', size: 1.5, data: {} };
  const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);

  it.each<[string, Record<string, unknown>]>([
    ['NUL', { text: 'a\0b' }],
    ['a lone surrogate', { text: 'a\ud800' }],
    ['too few characters, though enough UTF-16 units', { text: '😀' }],
    ['minus zero', { size: -0 }],
    ['NaN', { size: Number.NaN }],
    ['infinity', { size: Number.POSITIVE_INFINITY }],
    ['minus zero in JSON', { data: { a: [-0] } }],
    ['NaN in JSON', { data: [Number.NaN] }],
    ['NUL in a JSON key', { data: { 'a\0': 1 } }],
    ['a lone surrogate in JSON', { data: ['\udc00'] }],
    ['a Date in JSON', { data: { at: new Date() } }],
    ['a bigint in JSON', { data: [1n] }],
    ['JSON too deep', { data: deep(600) }],
    ['seconds without milliseconds', { at: '2026-01-31T08:00:00Z' }],
    ['the year 0', { at: '0000-01-31T08:00:00.000Z' }],
    ['an upper-case UUID', { id: '0190A0B0-0000-7000-8000-000000000000' }],
    ['an IPv6 address that is not in its shortest form', { address: '2001:db8:0:0:0:0:0:1' }],
  ])('%s', (_, change) => {
    expect(things.insert.safeParse({ ...good, ...change }).success).toBe(false);
  });

  it.each<[string, Record<string, unknown>]>([
    ['two emoji at a limit of four units', { text: '😀😀' }],
    ['JSON of 500 levels', { data: deep(500) }],
    ['an IPv4-mapped address', { address: '::ffff:127.0.0.1' }],
    ['the last year', { at: '9999-12-31T23:59:59.999Z' }],
  ])('%s is accepted', (_, change) => {
    expect(things.insert.safeParse({ ...good, ...change })).toMatchObject({ success: true });
  });
});

import {
  autoincrement,
  bytes,
  checkRow,
  ciphertext,
  createdAt,
  generated,
  id,
  inet,
  json,
  primaryKey,
  table,
  timestamp,
  timestamps,
} from 'ashlar';
import { encrypted, keyring } from 'ashlar/guarantees';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { columnValue, fillGenerated, rowProblems } from '../../src/model/index.js';

enum Size {
  Small,
  Large,
}

let calls = 0;
const notes = table(
  'notes',
  {
    id: id(),
    org_id: z.uuid(),
    title: z.string().min(2).describe('What the note is about'),
    mood: z.enum(['good', 'bad']).default('good').describe('How it feels'),
    size: z.enum(Size).nullable(),
    real: z.number(),
    remark: z.string().nullish(),
    data: json(z.json()),
    at: timestamp(),
    seen: z.date().nullable(),
    token: generated(z.string().length(8), () => {
      calls++;
      return Math.random().toString(36).padEnd(10, '0').slice(2, 10);
    }),
    ...timestamps(),
  },
  () => [
    checkRow((row) =>
      row.title === row.remark ? { message: 'repeats the title', path: ['remark'] } : undefined,
    ),
    checkRow(({ real }) => (real > 9 ? 'real is too large' : undefined)),
    checkRow(({ mood, size }) =>
      mood === 'bad' && size === Size.Large ? [{ message: 'one' }, { message: 'two' }] : undefined,
    ),
  ],
);
const org_id = '0190a0b0-0000-7000-8000-000000000000';
const note = { org_id, title: 'hello', real: 1.5, data: {}, at: '2026-01-31T08:00:00.000Z' };

const error = (work: () => unknown) => {
  try {
    work();
  } catch (caught) {
    return caught;
  }
  return undefined;
};

describe('the schemas of a table', () => {
  it('are strict Zod objects', () => {
    for (const schema of [notes.row, notes.insert, notes.update]) {
      expect(schema).toBeInstanceOf(z.ZodObject);
      expect(schema.safeParse({ ...note, nope: 1 }).success).toBe(false);
    }
    expect(Object.keys(notes.row.shape)).toEqual(Object.keys(notes.columns));
  });

  it.each<[string, Record<string, unknown>]>([
    ['NUL', { title: 'a\0b' }],
    ['a lone surrogate', { title: 'a\ud800' }],
    ['too few characters, though enough UTF-16 units', { title: '😀' }],
    ['minus zero', { real: -0 }],
    ['minus zero in JSON', { data: [-0] }],
    ['a time of another width', { at: '2026-01-31T08:00:00Z' }],
    ['a date that has no stored form', { seen: new Date(8.64e15) }],
    ['NUL in a nullable column', { remark: '\0' }],
  ])('refuse %s in every schema that was made of them', (_, wrong) => {
    const bad = { ...note, ...wrong };
    const { org_id: _org, ...without } = bad;
    const mask = Object.fromEntries(Object.keys(wrong).map((name) => [name, true])) as { title: true };
    const schemas = [notes.insert, notes.update, notes.row] as unknown as z.ZodObject[];
    expect(notes.insert.safeParse(note).success).toBe(true);
    expect(notes.insert.safeParse(bad).success).toBe(false);
    expect(notes.insert.omit({ org_id: true }).safeParse(without).success).toBe(false);
    expect(notes.insert.extend({ captcha: z.string() }).safeParse({ ...bad, captcha: 'x' }).success).toBe(
      false,
    );
    for (const schema of schemas) {
      expect(schema.pick(mask).safeParse(wrong).success).toBe(false);
      expect(schema.pick(mask).partial().safeParse(wrong).success).toBe(false);
    }
  });

  it('have a JSON schema without generated values, whose descriptions are those of the columns', () => {
    const before = calls;
    const schema = () => z.toJSONSchema(notes.insert.omit({ seen: true }), { io: 'input' });
    expect(schema()).toEqual(schema());
    expect(calls).toBe(before);
    expect(JSON.stringify(schema().properties?.id)).not.toContain('default');
    expect(schema()).toMatchObject({
      required: ['org_id', 'title', 'real', 'data', 'at'],
      additionalProperties: false,
      properties: {
        title: { description: 'What the note is about' },
        mood: { default: 'good', description: 'How it feels' },
        size: { anyOf: [{ type: 'number', enum: [0, 1] }, { type: 'null' }] },
      },
    });
  });

  const named = () => z.string().max(5).meta({ id: 'Named', title: 'T' });
  const money = z.codec(z.int(), z.number().meta({ id: 'Money', title: 'T' }), {
    decode: (cents) => cents / 100,
    encode: (euros) => Math.round(euros * 100),
  });
  it.each<[string, z.ZodType]>([
    ['a type', named()],
    ['a type that was described later', named().describe('D')],
    ['a type that was checked later', named().min(1).meta({ title: 'T' })],
    ['a nullable type', named().nullable()],
    ['a nullable', z.string().nullable().meta({ id: 'Named', title: 'T' })],
    ['a type with a default', named().default('a')],
    ['a default', z.string().default('a').meta({ id: 'Named', title: 'T' })],
    ['a nullable type with a default', named().nullable().default('a').meta({ id: 'Other', title: 'T' })],
    ['an optional nullable', named().nullish()],
    ['a readonly type', named().readonly()],
    ['a generated value', generated(named(), () => 'a')],
    ['a codec', money],
    ['a nullable codec', money.nullable()],
    ['JSON', json(z.object({ a: z.string() }).meta({ id: 'Named', title: 'T' }))],
    ['an array', z.array(z.string()).meta({ id: 'Named', title: 'T' })],
  ])('do not have the id of the metadata of %s, but the rest of it', (_, type) => {
    const one = table('ones', { id: id(), column: type });
    const other = table('others', { id: id(), column: type });
    for (const name of ['row', 'insert', 'update'] as const) {
      const text = JSON.stringify(
        z.toJSONSchema(z.object({ one: one[name], other: other[name] }), { unrepresentable: 'any' }),
      );
      expect(text).not.toMatch(/\$ref|\$defs|"id":"/);
      expect(text).toMatch(/"(title|description)":"[TD]"/);
    }
  });

  it('can be columns of another table, of the same kind', () => {
    for (const type of [inet(), bytes(), json(z.string()), z.int()]) {
      const one = table('ones', { id: id(), column: type.meta({ id: 'Named' }) as z.ZodType });
      const again = table('again', { id: id(), column: one.row.shape.column });
      expect(again.columns.column.kind).toBe(one.columns.column.kind);
    }
  });

  it('keep the ids within JSON', () => {
    const part = z.object({ a: z.string() }).meta({ id: 'Part' });
    const whole = table('wholes', { id: id(), parts: z.array(part), first: json(z.object({ part })) });
    expect(z.toJSONSchema(whole.row)).toMatchObject({ $defs: { Part: { type: 'object' } } });
  });

  it('lack the columns that the application does not give', () => {
    const counted = table('counted', { id: autoincrement(), note: z.string() });
    const parts = table('parts', { a: z.string(), b: z.int(), c: z.int() }, (c) => [primaryKey(c.a, c.b)]);
    expect(Object.keys(counted.insert.shape)).toEqual(['note']);
    expect(Object.keys(counted.update.shape)).toEqual(['note']);
    expect(Object.keys(parts.update.shape)).toEqual(['c']);
    expect(Object.keys(parts.insert.shape)).toEqual(['a', 'b', 'c']);
  });

  it('give each row its own default', () => {
    const lists = table('lists', { id: id(), list: z.array(z.string()).default([]) });
    lists.insert.parse({}).list.push('x');
    expect(lists.insert.parse({}).list).toEqual([]);
  });

  it('.nullish() is .nullable()', () => {
    expect(notes.columns.remark).toMatchObject({ nullable: true, default: undefined });
    expect(notes.insert.parse(note).remark).toBeNull();
    expect(notes.row.shape.remark.safeParse(undefined).success).toBe(false);
  });

  it('an enum of TypeScript has its values, not their names', () => {
    expect(notes.columns.size).toMatchObject({ kind: 'integer', rules: { oneOf: [0, 1] } });
    expect(notes.row.shape.size.safeParse('Small').success).toBe(false);
  });
});

describe('generated values', () => {
  it('are filled in where a row omits them', () => {
    const values: Record<string, unknown> = notes.insert.parse(note);
    fillGenerated(notes, values);
    expect(values).toMatchObject({ id: expect.any(String), token: expect.stringMatching(/^.{8}$/) });
    const given: Record<string, unknown> = { id: org_id, token: 'abcdefgh' };
    fillGenerated(notes, given);
    expect(given).toEqual({ id: org_id, token: 'abcdefgh' });
  });

  it('are checked as if they had been given', () => {
    const bad = table('bad', { id: id(), name: generated(z.string().max(2), () => 'abc') });
    expect(error(() => fillGenerated(bad, {}))).toMatchObject({
      code: 'value-invalid',
      message: expect.stringMatching(/^bad\.name: /),
    });
  });

  it('of a shared type are generated only where they are declared so', () => {
    const name = z.string();
    const { columns } = table('shared', { id: id(), a: generated(name, () => 'x'), b: name, c: json(name) });
    expect([columns.a.generated, columns.b.generated]).toEqual(['function', undefined]);
    expect([columns.b.kind, columns.c.kind]).toEqual(['text', 'json']);
  });
});

describe('a check of a whole row', () => {
  it.each<[string, Record<string, unknown>, object[]]>([
    ['finds nothing', {}, []],
    [
      'names the column',
      { remark: 'hello' },
      [{ code: 'custom', message: 'repeats the title', path: ['remark'] }],
    ],
    ['may be a message', { real: 10 }, [{ code: 'custom', message: 'real is too large', path: [] }]],
    [
      'may find several problems',
      { mood: 'bad', size: Size.Large },
      [{ message: 'one' }, { message: 'two' }],
    ],
    ['runs beside the others', { real: 10, remark: 'hello' }, [{ path: ['remark'] }, { path: [] }]],
  ])('%s', (_, change, problems) => {
    expect(rowProblems(notes, { ...notes.insert.parse(note), ...change })).toMatchObject(problems);
  });
});

describe('a column value', () => {
  it('is converted to its stored form', () => {
    const seen = new Date('2026-01-31T08:00:00.000Z');
    expect(columnValue(notes.columns.seen, seen)).toBe('2026-01-31T08:00:00.000Z');
    expect(columnValue(notes.columns.seen, null)).toBeNull();
    expect(columnValue(notes.columns.data, { a: [1] })).toEqual({ a: [1] });
    const letters = table('letters', { id: id(), read: ciphertext(z.date()) }, (c) => [
      encrypted({ scope: c.id, keys: keyring('keys') }),
    ]);
    expect(columnValue(letters.columns.read, seen)).toBe('2026-01-31T08:00:00.000Z');
  });

  it.each([
    ['title', 1, 'value-invalid'],
    ['title', 'x', 'value-invalid'],
    ['title', undefined, 'value-invalid'],
    ['title', 'a\0b', 'value-unstorable'],
    ['data', JSON.parse('{"__proto__": 1}'), 'value-unstorable'],
    ['data', { at: new Date() }, 'value-unstorable'],
    ['seen', new Date(Number.NaN), 'value-invalid'],
    ['seen', '2026-01-31T08:00:00.000Z', 'value-invalid'],
    ['mood', null, 'value-invalid'],
  ] as const)('of %s is refused: %s', (name, value, code) => {
    expect(error(() => columnValue(notes.columns[name], value))).toMatchObject({
      code,
      message: expect.stringContaining(`notes.${name}`),
    });
  });
});

describe('a declaration is refused', () => {
  it.each<[string, z.ZodType, RegExp]>([
    ['a random default', z.number().default(() => Math.random()), /value: generated\(/],
    ['a default of the clock', z.date().default(() => new Date()), /value: generated\(/],
    ['a default of the clock as a number', z.int().default(() => Date.now()), /value: generated\(/],
    [
      'a default of the clock as text',
      timestamp().default(() => new Date().toISOString()),
      /value: generated\(/,
    ],
    ['a default that the column refuses', z.string().min(3).default('x'), /Choose a default/],
    ['a default with NUL', z.string().default('\0'), /Choose a default/],
  ])('for %s', (_, value, suggestion) => {
    expect(error(() => table('things', { id: id(), value }))).toMatchObject({
      code: 'table-invalid',
      message: expect.stringContaining('value'),
      suggestion: expect.stringMatching(suggestion),
    });
  });

  it.each<[string, z.ZodType, RegExp]>([
    ['a transform', z.string().transform(Number), /z\.codec\(/],
    ['a preprocessed value', z.preprocess(String, z.string()), /z\.codec\(/],
    ['a transform after a codec', z.stringbool().transform(Number), /z\.codec\(/],
    [
      'a nullable stored side',
      z.codec(z.string().nullable(), z.string(), {
        decode: (text) => text ?? '',
        encode: (text) => (text === '' ? null : text),
      }),
      /Wrap the codec/,
    ],
    [
      'a codec of a Date',
      z.codec(z.date(), z.int(), { decode: Number, encode: (n) => new Date(n) }),
      /z\.date/,
    ],
  ])('for %s', (_, value, suggestion) => {
    expect(error(() => table('things', { id: id(), value }))).toMatchObject({
      code: 'column-type-unsupported',
      message: expect.stringContaining('things.value'),
      suggestion: expect.stringMatching(suggestion),
    });
  });

  it('not for a pipe without transforms, nor for a constant function', () => {
    const { columns } = table('things', {
      id: id(),
      value: z.string().pipe(z.email()),
      list: z.array(z.string()).default(() => ['x']),
      since: z.date().default(new Date(0)),
      at: createdAt(),
    });
    expect(columns).toMatchObject({
      value: { kind: 'text' },
      list: { default: ['x'] },
      since: { default: '1970-01-01T00:00:00.000Z' },
    });
  });
});

import { randomInt } from 'node:crypto';
import {
  bytes,
  ciphertext,
  id,
  index,
  primaryKey,
  references,
  system,
  type Table,
  table,
  unique,
} from 'ashlar';
import type { Column } from 'ashlar/extend';
import { encrypted, keyring, scoped, versioned } from 'ashlar/guarantees';
import { testDatabase } from 'ashlar/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { oneOfEach, type TestEngine } from '../../../../test/support/engines.js';

const { engines } = oneOfEach(import.meta.url);

const open = async (engine: TestEngine, tables: Readonly<Record<string, unknown>>) => {
  const place = await engine.place();
  const url = engine.name === 'postgres' ? place.url : engine.name;
  const shop = system('shop', {
    tables: tables as Record<string, Table>,
    migrations: new URL('file:///none/'),
  });
  const db = await testDatabase(shop, { url, scope: 's' });
  return { db, close: () => db.close().finally(() => place.remove()) };
};

/** A text of so many bytes that no compression makes shorter. */
const random = (size: number): string => {
  const characters = Array.from({ length: Math.floor(size / 4) }, () =>
    String.fromCodePoint(0x10000 + randomInt(0x10000)),
  );
  return `${characters.join('')}${'x'.repeat(size % 4)}`;
};

const of = (column: z.ZodType, items: (c: { value: never; other: never }) => readonly unknown[]) =>
  table('notes', { id: id(), value: column, other: z.uuid().nullable() }, (c) => items(c as never) as never);

const text = z.string();
const versions = {
  version: z.int32().min(1).default(1),
  is_current: z.boolean().default(true),
  previous_id: z.uuid().nullable(),
};

/** Every way in which a column of text gets into a key or an index. */
const keyed = {
  'a primary key': table('notes', { value: text, other: z.uuid().nullable() }, (c) => [primaryKey(c.value)]),
  'a unique key': of(text, (c) => [unique(c.value)]),
  'a unique key with NULLs': of(text.nullable(), (c) => [unique(c.value, { nullsNotDistinct: true })]),
  'an index': of(text, (c) => [index(c.value)]),
  'a unique index of some rows': of(text, (c) => [index(c.value, { unique: true, where: 'other IS NULL' })]),
  'an index with a UUID': of(text, (c) => [index(c.other, c.value)]),
  'text that may be long': of(z.string().max(501), (c) => [index(c.value)]),
  'the key of versions': table('notes', { id: id(), value: text, ...versions }, (c) => [
    references(c.previous_id, c.id),
    versioned({ key: c.value, version: c.version, current: c.is_current, previous: c.previous_id }),
  ]),
} as const;

describe.each(engines)('text in a key or an index on $name', (engine) => {
  test.each(Object.entries(keyed))('takes 2,000 bytes in %s', async (_, notes) => {
    const { db, close } = await open(engine, { notes });
    const table = notes as unknown as typeof db extends never ? never : Table;
    const insert = (value: string) =>
      db.session({}, (s) =>
        (s as never as { insert(t: Table, row: object): Promise<unknown> }).insert(table, { value }),
      );
    const raw = (value: string) => {
      const { id: key = undefined } = table.columns as { id?: unknown };
      const columns = key ? 'id, value' : 'value';
      const values = key ? `'018f0000-0000-7000-8000-000000000009', '${value}'` : `'${value}'`;
      return db.owner.asOwner((owner) => owner.run(`INSERT INTO notes (${columns}) VALUES (${values})`));
    };
    try {
      await insert(random(2000));
      // compressed it would fit
      for (const value of ['a'.repeat(2001), `${random(2000)}x`, 'a'.repeat(10_000)]) {
        const most = table.columns.value?.rules.maxLength ?? Number.POSITIVE_INFINITY;
        await expect(insert(value)).rejects.toMatchObject({
          code: [...value].length > most ? 'value-invalid' : 'value-unstorable',
          facts: { table: 'notes', columns: ['value'] },
        });
        await expect(raw(value)).rejects.toMatchObject({
          code: 'check-violation',
          facts: { table: 'notes', columns: ['value'], constraint: 'notes_value_check' },
        });
      }
    } finally {
      await close();
    }
  });

  test('is divided among the columns of a key: what short ones leave is for the others', async () => {
    const notes = table(
      'notes',
      {
        id: id(),
        short: z.string().max(100),
        kind: z.enum(['a', 'bcd']),
        one: text,
        two: bytes(),
        free: text,
      },
      (c) => [unique(c.one, c.short, c.two, c.kind)],
    );
    const limits = Object.values(notes.columns).map(({ rules }) => rules.maxBytes);
    expect(limits).toEqual([undefined, undefined, undefined, 798, 799, undefined]);
    const { db, close } = await open(engine, { notes });
    try {
      const row = {
        short: random(400),
        kind: 'bcd',
        one: random(798),
        two: Buffer.from(random(796)),
      } as const;
      await db.session({}, (s) => s.insert(notes, { ...row, free: random(100_000) }));
      const long = { ...row, two: new Uint8Array(800), free: '' };
      await expect(db.session({}, (s) => s.insert(notes, long))).rejects.toMatchObject({
        code: 'value-unstorable',
        facts: { table: 'notes', columns: ['two'] },
      });
    } finally {
      await close();
    }
  });

  test('has room for every value that its columns accept', async () => {
    const column = fc.record({ max: fc.option(fc.integer({ min: 1, max: 900 })), wide: fc.boolean() });
    const model = fc.array(column, { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(model, async (columns) => {
        const shape = columns.flatMap(({ max, wide }, at) => [
          [`t${at}`, max === null ? text : z.string().max(max)] as const,
          ...(wide ? [[`u${at}`, z.uuid().nullable()] as const] : []),
        ]);
        const notes = table(
          'notes',
          { id: id(), ...Object.fromEntries(shape) } as Record<string, z.ZodType>,
          (c) => [primaryKey(c.id as never), index(...shape.map(([name]) => c[name] as never))],
        );
        const { db, close } = await open(engine, { notes });
        try {
          const values = shape.map(([name, type]) => {
            const rules: Column['rules'] = notes.columns[name]?.rules ?? {};
            const size = Math.min(rules.maxBytes ?? 2000, (rules.maxLength ?? 500) * 4);
            return [
              name,
              type === text || rules.maxLength ? random(size - (size % 4)) : crypto.randomUUID(),
            ] as const;
          });
          await db.session({}, (s) => s.insert(notes as never, Object.fromEntries(values) as never));
        } finally {
          await close();
        }
      }),
      { numRuns: 12 },
    );
  });
});

test('a scope is limited; ciphertexts, trails and keyrings are not', () => {
  const keys = keyring('keys');
  const secret = table('secret', { id: id(), client: text, body: ciphertext(text) }, (c) => [
    scoped(c.client),
    encrypted({ scope: c.client, keys }),
  ]);
  expect(secret.columns.client.rules.maxBytes).toBe(2000);
  expect(secret.columns.body.rules.maxBytes).toBeUndefined();
  expect(Object.values(keys.columns).map(({ rules }) => rules.maxBytes)).toEqual(
    Object.values(keys.columns).map(() => undefined),
  );
});

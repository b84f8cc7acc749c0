import { randomUUID } from 'node:crypto';
import {
  bytes,
  ciphertext,
  type Database,
  id,
  inet,
  isAshlarError,
  json,
  type Session,
  table,
  timestamp,
  unique,
} from 'ashlar';
import { encrypted, keyring } from 'ashlar/guarantees';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { columnKeys } from '../encryption/support.js';

const dataKeys = keyring('data_keys');

const repeats = (type: z.ZodString) =>
  type.refine((text) => !text.includes('!'), {
    error: ({ input }) => `${input} has an exclamation mark`,
  });

/** A column of each kind; no message of a schema that repeats a value may reach a text. */
const people = table(
  'people',
  {
    id: id(),
    scope: z.string(),
    name: repeats(z.string().max(60)),
    code: z.string(),
    age: z.int().max(150),
    share: z.number().max(1),
    active: z.boolean(),
    team: z.uuid(),
    at: timestamp(),
    day: z.iso.date(),
    host: inet(),
    photo: bytes(),
    tags: json(z.record(z.string().max(50), z.strictObject({ tag: z.string().max(60) }))),
    iban: ciphertext(repeats(z.string().max(60))),
    notes: ciphertext(z.record(z.string().max(50), z.string().max(60))),
  },
  (c) => [unique(c.code), encrypted({ scope: c.scope, keys: dataKeys })],
);
const tables = { people, dataKeys };

type S = Session<typeof tables>;
type Column = keyof typeof people.columns;

const secret = (): string => `secret-${randomUUID()}`;
const valid = () => ({
  scope: 'one',
  name: secret(),
  code: secret(),
  age: 42,
  share: 0.5,
  active: true,
  team: randomUUID(),
  at: '2019-08-07T06:05:04.321Z',
  day: '2019-08-06',
  host: '10.0.0.1',
  photo: Buffer.from(secret()),
  tags: { [secret()]: { tag: secret() } },
  iban: secret(),
  notes: { [secret()]: secret() },
});

/** Values that each kind of column refuses, with a text in them that occurs nowhere else. */
const refused = (text: string): Readonly<Partial<Record<Column, readonly unknown[]>>> => ({
  name: [`${text}!`, `${text}${'.'.repeat(60)}`, `${text}\0`, `${text}\ud800`, { [text]: text }],
  age: [text, [text], 987_654_321_000, 1.5],
  share: [text, 98_765.4321, Number.POSITIVE_INFINITY],
  active: [text],
  team: [text, randomUUID().toUpperCase()],
  at: [text, '9876-54-32T10:98:76.543Z'],
  day: [text, '9876-54-32'],
  host: [text, '987.654.321.0'],
  photo: [text],
  tags: [
    { [text]: { tag: 1 } },
    { [`${text}${text}`]: { tag: 'x' } },
    { a: { tag: 'x', [text]: 1 } },
    { a: { tag: `${text}${'.'.repeat(60)}` } },
    { a: { tag: `${text}\0` } },
    { [`${text}\0`]: { tag: 'x' } },
    text,
  ],
  iban: [`${text}!`, `${text}${'.'.repeat(60)}`, `${text}\0`, { [text]: text }],
  notes: [{ [text]: 1 }, { [`${text}${text}`]: 'x' }, { a: `${text}\0` }, { a: `${text}${'.'.repeat(60)}` }],
});

const cases = Object.entries(refused('')).flatMap(([column, values]) =>
  values.map((_, at) => ({ column: column as Column, at })),
);

const everyText = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return [error.message, error.stack, JSON.stringify(error), everyText(error.cause ?? '')].join('\n');
};

/** The texts and numbers in a value that an error must not have. */
const partsOf = (value: unknown): readonly string[] => {
  if (typeof value === 'string') return [value.replace(/([^\w:.-]|\.\.).*$/s, '')];
  if (typeof value === 'number') return Number.isFinite(value) ? [String(value)] : [];
  if (value instanceof Uint8Array) return [Buffer.from(value).toString(), Buffer.from(value).toString('hex')];
  if (typeof value !== 'object' || value === null) return [];
  return [...Object.keys(value), ...Object.values(value)].flatMap(partsOf);
};

describe.each(engines)('no text of an error has a value of a row on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  let row: Awaited<ReturnType<S['insert']>> & { id: string };
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables, { columnKeys: columnKeys() }));
    row = (await db.session((s) => s.insert(people, valid()))) as never;
  });
  afterAll(() => remove());

  const failure = (work: (s: S) => Promise<unknown>): Promise<unknown> =>
    db.session(work).then(
      () => undefined,
      (error: unknown) => error,
    );
  const assertSilent = (error: unknown, values: unknown): void => {
    expect(error).toSatisfy(isAshlarError);
    const text = everyText(error);
    // short texts occur by chance, and the names of columns are no values
    const parts = partsOf(values).filter((part) => part.length > 6 && !(part in people.columns));
    for (const part of parts) expect(text).not.toContain(part);
  };
  const bad = ({ column, at }: (typeof cases)[number]) => {
    const value = refused(secret())[column]?.[at];
    return { value, given: { ...valid(), [column]: value } as never };
  };

  test('in a session’s methods, which give column and issues as facts', async () => {
    for (const each of cases) {
      const { given, value } = bad(each);
      const { column } = each;
      const isEncrypted = people.columns[column].plaintext !== undefined;
      for (const write of [
        (s: S) => s.insert(people, given),
        (s: S) => s.insertMany(people, [given]),
        (s: S) => s.update(people, row.id, { [column]: value }),
      ]) {
        const error = await failure(write);
        assertSilent(error, [value, valid()]);
        assertSilent(error, given);
        if (!isAshlarError(error)) continue;
        expect(error.code).toMatch(/^value-(invalid|unstorable)$/);
        expect(error.facts).toMatchObject({ table: 'people', columns: [column] });
        for (const issue of error.facts.issues ?? []) {
          expect(issue.path[0]).toBe(column);
          expect(isEncrypted ? Object.keys(issue) : []).toEqual(isEncrypted ? ['code', 'path'] : []);
        }
      }
    }
  });

  test('in SQL with parameters', async () => {
    for (const each of cases) {
      const { value } = bad(each);
      const error = await failure((s) =>
        sql`UPDATE people SET ${sql.ref(each.column)} = ${value} WHERE id = ${row.id}`.execute(s.query),
      );
      // the database accepts what only Zod refuses
      if (error !== undefined) assertSilent(error, [value, row]);
    }
  });

  test('in SQL with literals', async () => {
    const text = secret();
    for (const wrong of [
      `SELECT '${text}' '${text}' FROM people`,
      `INSERT INTO people VALUES ('${text}' 'x')`,
      `SELECT '${text}`,
      `UPDATE people SET age = '${text}'`,
      `UPDATE people SET at = '${text}'`,
      `UPDATE people SET tags = '{${text}'`,
      `UPDATE people SET age = 98765432109876543210`,
      `SELECT 98765432109876543210x FROM people`,
    ]) {
      const error = await failure((s) => sql.raw(wrong).execute(s.query));
      if (error !== undefined) assertSilent(error, [text, '98765432109876543210', row]);
    }
  });

  test('of a row that exists, and of one that does not', async () => {
    const twice = { ...valid(), code: row.code as string };
    assertSilent(await failure((s) => s.insert(people, twice)), twice);
    const missing = randomUUID();
    for (const work of [
      (s: S) => s.update(people, missing, { age: 7 }),
      (s: S) => s.delete(people, missing),
    ]) {
      const error = await failure(work);
      assertSilent(error, [missing]);
      expect(error).toMatchObject({ code: 'row-not-found', facts: { table: 'people' } });
    }
  });
});

import { bytes, id, inet, isAshlarError, json, type Session, type Table, table, timestamp } from 'ashlar';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { openScopedFixture, type ScopedFixture } from '../guarantees/scoped-setup.js';
import { type Cause, causes, tables } from './error-causes.js';

type S = Session<typeof tables>;
type Values = Readonly<Record<string, unknown>>;
type Paths = Readonly<Record<string, (s: S, of: Table, row: Values) => Promise<unknown>>>;

const nameOf = (table: Table) => table.name as 'users';

/** The ways in which an application runs each kind of statement. */
const paths: Readonly<Record<Cause['statement'], Paths>> = {
  insert: {
    insert: (s, into, row) => s.insert(into, row as never),
    insertMany: (s, into, row) => s.insertMany(into, [row] as never),
    's.query': (s, into, row) =>
      s.query
        .insertInto(nameOf(into))
        .values(row as never)
        .execute(),
    'raw SQL': (s, into, row) => {
      const names = sql.join(Object.keys(row).map((name) => sql.ref(name)));
      const values = sql.join(Object.values(row));
      return sql`INSERT INTO ${sql.table(into.name)} (${names}) VALUES (${values})`.execute(s.query);
    },
  },
  update: {
    update: (s, of, { id, ...set }) => s.update(of, id as never, set as never),
    's.query': (s, of, { id, ...set }) =>
      s.query
        .updateTable(nameOf(of))
        .set(set as never)
        .where('id', '=', id as string)
        .execute(),
    'raw SQL': (s, of, { id, ...set }) => {
      const all = Object.entries(set).map(([name, value]) => sql`${sql.ref(name)} = ${value}`);
      return sql`UPDATE ${sql.table(of.name)} SET ${sql.join(all)} WHERE id = ${id}`.execute(s.query);
    },
  },
  delete: {
    delete: (s, from, { id }) => s.delete(from, id as never),
    's.query': (s, from, { id }) =>
      s.query
        .deleteFrom(nameOf(from))
        .where('id', '=', id as string)
        .execute(),
    'raw SQL': (s, from, { id }) =>
      sql`DELETE FROM ${sql.table(from.name)} WHERE id = ${id}`.execute(s.query),
  },
};

const matrix = causes.flatMap((cause) =>
  Object.entries(paths[cause.statement])
    .filter(([path]) => path === 'raw SQL' || !cause.rawOnly)
    .map(([path, run]) => ({ ...cause, path, run })),
);

/** All texts of an error and of its causes. */
const everyText = (error: unknown): string => {
  if (!(error instanceof Error)) return '';
  return [error.message, error.stack, JSON.stringify(error), everyText(error.cause)].join('\n');
};

describe.each(engines)('the facts of an error on $name', (engine) => {
  let fixture: ScopedFixture<typeof tables>;
  beforeAll(async () => {
    fixture = await openScopedFixture(engine, tables);
  });
  afterAll(() => fixture.close());

  test.each(matrix)('$name, by $path', async ({ of, scope, prepare, run, code, facts }) => {
    let row: Values = {};
    const error: unknown = await fixture.db
      .session({ actor: 'user:1', scope }, async (s) => {
        row = await prepare(s);
        await run(s, of, row);
      })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'AshlarError', code });
    expect(isAshlarError(error) && error.facts).toEqual(facts);
    const values = Object.values(row).filter((value) => typeof value === 'string' && value.length > 10);
    for (const value of values) expect(everyText(error)).not.toContain(value);
  });
});

const kinds = table('kinds', {
  id: id(),
  text: z.string(),
  integer: z.int(),
  real: z.number(),
  flag: z.boolean(),
  uuid: z.uuid(),
  date: z.iso.date(),
  time: timestamp(),
  choice: z.enum(['a', 'b']),
  list: json(z.array(z.int())),
  bytes: bytes(),
  address: inet(),
});
const good = {
  ...{ text: 'x', integer: 1, real: 1.5, flag: true, uuid: '00000000-0000-4000-8000-000000000001' },
  ...{ date: '2026-01-01', time: '2026-01-01T00:00:00.000Z', choice: 'a' as const, list: [1] },
  ...{ bytes: Uint8Array.of(1), address: '10.0.0.1' },
};

/** Values of another type than the column's, for every kind of column. */
const wrong: readonly (readonly [column: string, values: readonly unknown[]])[] = [
  ['text', [5, true, ['x'], { a: 1 }, new Date(0), 5n, Uint8Array.of(49)]],
  ['integer', ['nope', '5', 1.5, true, ['x'], {}, new Date(0), 5n, Uint8Array.of(49)]],
  ['real', ['nope', '5', true, ['x'], {}, new Date(0), 5n]],
  ['flag', ['true', 1, ['x'], {}, 5n]],
  ['uuid', ['nope', 5, true, ['x'], {}, Uint8Array.of(1)]],
  ['date', ['nope', 5, true, ['x'], new Date(0)]],
  ['time', ['nope', 5, true, ['x'], new Date(0)]],
  ['choice', ['nope', 5, true, ['a']]],
  ['list', ['[1]', 5, true, ['x'], { a: 1 }]],
  ['bytes', ['nope', 5, true, ['x'], [1]]],
  ['address', ['nope', 5, true, ['x'], {}]],
];

type Kinds = { readonly kinds: typeof kinds };

/** Every way in which a value reaches a column whose type is known; each writes the row of the key. */
const writes: Readonly<
  Record<string, (s: Session<Kinds>, key: string, row: Values, set: Values) => Promise<unknown>>
> = {
  insert: (s, _, row) => s.insert(kinds, row as never),
  insertMany: (s, _, row) => s.insertMany(kinds, [good, row] as never),
  update: (s, key, _, set) => s.update(kinds, key, set as never),
  updateMany: (s, _key, _row, set) => s.updateMany(kinds, 'all', set as never),
  upsert: (s, key, row) => s.upsert(kinds, { ...row, id: key } as never, { by: 'id' }),
  's.query insert': (s, _, row) =>
    s.query
      .insertInto('kinds')
      .values(row as never)
      .execute(),
  's.query update': (s, _key, _row, set) =>
    s.query
      .updateTable('kinds')
      .set(set as never)
      .execute(),
  's.query on conflict': (s, key, _, set) =>
    s.query
      .insertInto('kinds')
      .values({ ...good, id: key } as never)
      .onConflict((oc) => oc.column('id').doUpdateSet(set as never))
      .execute(),
};

describe.each(engines)('the facts of a value of another type on $name', (engine) => {
  let fixture: ScopedFixture<Kinds>;
  let key: string;
  beforeAll(async () => {
    fixture = await openScopedFixture(engine, { kinds });
    ({ id: key } = await fixture.db.insert(kinds, good));
  });
  afterAll(() => fixture.close());

  const cases = Object.entries(writes).flatMap(([path, write]) =>
    wrong.map(([column, values]) => ({ path, write, column, values })),
  );
  test.each(cases)('into $column, by $path', async ({ write, column, values }) => {
    for (const value of values) {
      const set = { [column]: value };
      // the schema itself says what an issue is: every engine and every path has the same
      const issues = kinds.insert
        .safeParse({ ...good, ...set })
        .error?.issues.map(({ code, path, message }) => ({ code, path, message }));
      const error: unknown = await fixture.db
        .session((s) => write(s, key, { ...good, ...set }, set))
        .catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ name: 'AshlarError', code: 'value-invalid' });
      expect(isAshlarError(error) && error.facts).toMatchObject({
        table: 'kinds',
        columns: [column],
        issues: issues?.map(({ code, message }) => ({
          code,
          message,
          path: expect.arrayContaining([column]),
        })),
      });
    }
    expect(await fixture.db.get(kinds, key)).toMatchObject({ integer: 1, text: 'x' });
  });

  // raw SQL has the types of the database; bytes, which are sent in binary, must not look like a lost connection
  test.each(['text', 'integer', 'real', 'flag', 'uuid', 'date', 'time', 'choice', 'address'])(
    'bytes into %s by raw SQL leave the session usable',
    async (column) => {
      for (const length of [0, 1, 3, 4, 8, 9, 17]) {
        await fixture.db.session(async (s) => {
          const value = new Uint8Array(length).fill(200);
          const error: unknown = await s
            .session((inner) => sql`UPDATE kinds SET ${sql.ref(column)} = ${value}`.execute(inner.query))
            .catch((thrown: unknown) => thrown);
          if (error instanceof Error) {
            expect(['value-invalid', 'value-unstorable', 'check-violation']).toContain(
              isAshlarError(error) && error.code,
            );
          }
          expect((await s.get(kinds, key))?.id).toBe(key);
        });
      }
      await fixture.db.update(kinds, key, good);
    },
  );
});

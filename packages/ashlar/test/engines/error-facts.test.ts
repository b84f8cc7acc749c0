import { isAshlarError, type Session, type Table } from 'ashlar';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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

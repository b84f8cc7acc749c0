import { bytes, id, json, table } from 'ashlar';
import { sql } from 'ashlar/query';
import {
  DummyDriver,
  type Expression,
  Kysely,
  type OperationNodeSource,
  SqliteAdapter,
  SqliteQueryCompiler,
} from 'kysely';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { outputsOf } from '../../src/query/meaning.js';
import { declaredRelations, Scope } from '../../src/query/scope.js';

const one = table('one', {
  id: id(),
  flag: z.boolean(),
  n: z.int().nullable(),
  meta: json(z.json()),
  raw: bytes(),
});
const two = table('two', { id: id(), one_id: z.uuid(), n: z.number(), label: z.string() });
const declared = declaredRelations([one, two]);

type Row = Record<string, unknown>;
const db = new Kysely<Record<string, Row>>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createIntrospector: () => {
      throw new Error('not used');
    },
  },
});

/** The outputs of a query, each as `name: kind` of its column, with `?` where it may be NULL; `…` for unknown columns. */
const read = (query: OperationNodeSource): string =>
  outputsOf(query.toOperationNode(), new Scope(declared))
    .map(({ name, meaning }) => {
      if (name === undefined) return '…';
      if (!meaning) return `${name}: unknown`;
      const of = meaning.column ? ` of ${meaning.column.table}.${meaning.column.name}` : '';
      return `${name}: ${meaning.kind}${meaning.nullable ? '?' : ''}${of}`;
    })
    .join(', ');

const cases: readonly (readonly [what: string, query: OperationNodeSource, answer: string])[] = [
  ['a column', db.selectFrom('one').select('flag'), 'flag: boolean of one.flag'],
  [
    'an alias of a table',
    db.selectFrom('one as o').select(['o.n as m', 'one.n']),
    'm: integer? of one.n, n: unknown',
  ],
  [
    'an unqualified column of a join',
    db.selectFrom('one').innerJoin('two', 'two.one_id', 'one.id').select(['label', 'n', 'flag']),
    'label: text of two.label, n: unknown, flag: boolean of one.flag',
  ],
  [
    'outer joins',
    db.selectFrom('one').leftJoin('two', 'two.one_id', 'one.id').select(['one.id', 'label']),
    'id: uuid of one.id, label: text? of two.label',
  ],
  [
    'a right join',
    db.selectFrom('one').rightJoin('two', 'two.one_id', 'one.id').select(['one.id', 'label']),
    'id: uuid? of one.id, label: text of two.label',
  ],
  [
    'a full join',
    db.selectFrom('one').fullJoin('two', 'two.one_id', 'one.id').select(['one.id', 'label']),
    'id: uuid? of one.id, label: text? of two.label',
  ],
  [
    'all columns',
    db.selectFrom('two').selectAll(),
    'id: uuid of two.id, one_id: uuid of two.one_id, n: real of two.n, label: text of two.label',
  ],
  [
    'all columns of one table',
    db.selectFrom(['one', 'two']).selectAll('two'),
    'id: uuid of two.id, one_id: uuid of two.one_id, n: real of two.n, label: text of two.label',
  ],
  ['an unknown table', db.selectFrom('other').selectAll(), '…'],
  [
    'a column beside an unknown table',
    db.selectFrom(['one', 'other']).select(['flag', 'x']),
    'flag: boolean of one.flag, x: unknown',
  ],
  ['a table of another schema', db.withSchema('s').selectFrom('one').select('flag'), 'flag: unknown'],
  [
    'a CTE that hides a table',
    db
      .with('one', (w) => w.selectFrom('two').select('n as flag'))
      .selectFrom('one')
      .select('flag'),
    'flag: real of two.n',
  ],
  [
    'a CTE that reads the table it hides',
    db
      .with('one', (w) => w.selectFrom('one').select('n'))
      .selectFrom('one')
      .selectAll(),
    'n: integer? of one.n',
  ],
  [
    'a CTE with names',
    db
      .with('c(x, y)', (w) => w.selectFrom('one').select(['flag', 'n']) as never)
      .selectFrom('c')
      .selectAll(),
    'x: boolean of one.flag, y: integer? of one.n',
  ],
  [
    'a recursive CTE',
    db
      .withRecursive('c', (w) => w.selectFrom('one').select('n').unionAll(w.selectFrom('c').select('n')))
      .selectFrom('c')
      .selectAll(),
    'n: integer? of one.n',
  ],
  [
    'a derived table',
    db.selectFrom((eb) => eb.selectFrom('one').select(['flag as f', 'n']).as('d')).select(['d.f', 'n']),
    'f: boolean of one.flag, n: integer? of one.n',
  ],
  [
    'a subquery that reads the table around it',
    db.selectFrom('one').select((eb) => eb.selectFrom('two').select('one.flag as x').as('sub')),
    'sub: boolean?',
  ],
  [
    'a subquery',
    db.selectFrom('two').select((eb) => eb.selectFrom('one').select('meta').limit(1).as('m')),
    'm: json?',
  ],
  [
    'a union',
    db
      .selectFrom('one')
      .select(['id', 'n'])
      .union(db.selectFrom('two').select(['one_id', 'n']) as never),
    'id: uuid, n: real?',
  ],
  ['a comparison', db.selectFrom('one').select((eb) => eb('n', '>', 1).as('x')), 'x: boolean?'],
  ['raw SQL', db.selectFrom('one').select(sql<number>`n + 1`.as('x')), 'x: unknown'],
  [
    'a raw reference',
    db.selectFrom('one').select(sql.ref('flag').as('x') as never),
    'x: boolean of one.flag',
  ],
  [
    'functions',
    db
      .selectFrom('one')
      .select(({ fn }) => [
        fn.coalesce('flag', 'flag').as('c'),
        fn.max('flag' as never).as('m'),
        fn.count('n').as('n'),
        fn.avg('n').as('a'),
        fn.coalesce('flag', 'n').as('mixed'),
      ]),
    'c: boolean, m: boolean?, n: integer, a: real?, mixed: unknown',
  ],
  [
    'RETURNING',
    db.updateTable('one as o').set({ flag: true }).returning(['o.flag', 'n']),
    'flag: boolean of one.flag, n: integer? of one.n',
  ],
  [
    'RETURNING of an INSERT',
    db.insertInto('one').values({}).returningAll(),
    'id: uuid of one.id, flag: boolean of one.flag, n: integer? of one.n, meta: json of one.meta, raw: bytes of one.raw',
  ],
  ['RETURNING of a DELETE', db.deleteFrom('one').returning('flag'), 'flag: boolean of one.flag'],
];

describe('the tree of a query says', () => {
  it.each(cases)('%s', (_, query, answer) => {
    expect(read(query as OperationNodeSource & Partial<Expression<unknown>>)).toBe(answer);
  });
});

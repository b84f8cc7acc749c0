import { AshlarError, type Database, type Session } from 'ashlar';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';
import { people, rows, tables } from './setup.js';

type Query = Session<typeof tables>['query'];
interface Runs {
  execute(): Promise<unknown>;
}

const pet = { name: 'Rex' };

/** Forms that one engine cannot run, and the message with which every engine refuses them. */
const refused: readonly (readonly [form: string, build: (q: Query) => Runs, message: string])[] = [
  ['limit(-1)', (q) => q.selectFrom('people').select('id').limit(-1), 'The LIMIT is -1.'],
  ['limit(null)', (q) => q.selectFrom('people').select('id').limit(null), 'The LIMIT is null.'],
  ['limit(1.5)', (q) => q.selectFrom('people').select('id').limit(1.5), 'The LIMIT is 1.5.'],
  ['limit(sql.lit(-1))', (q) => q.selectFrom('people').select('id').limit(sql.lit(-1)), 'The LIMIT is -1.'],
  ['offset(-1)', (q) => q.selectFrom('people').select('id').offset(-1n), 'The OFFSET is -1.'],
  [
    'limit(-1) of a subquery',
    (q) => q.selectFrom('people').select((eb) => eb.selectFrom('pets').select('id').limit(-1).as('x')),
    'The LIMIT is -1.',
  ],
  ...(['public', 'main', 'temp', 'nowhere'] as const).flatMap((schema) =>
    (
      [
        ['a SELECT', (q: Query) => q.withSchema(schema).selectFrom('people').select('id')],
        [
          'an INSERT',
          (q: Query) =>
            q
              .withSchema(schema)
              .insertInto('people')
              .values({} as never),
        ],
        [
          'an UPDATE',
          (q: Query) =>
            q
              .withSchema(schema)
              .updateTable('people')
              .set({ name: 'x' } as never),
        ],
        ['a DELETE', (q: Query) => q.withSchema(schema).deleteFrom('people')],
        ['FROM', (q: Query) => q.selectFrom(`${schema}.people` as 'people').select('id')],
        ['a column', (q: Query) => q.selectFrom('people').select(`${schema}.people.id as x` as 'id')],
        [
          'a condition',
          (q: Query) =>
            q
              .selectFrom('people')
              .select('id')
              .where(`${schema}.people.id` as 'id', '=', pet.name),
        ],
        [
          'a subquery',
          (q: Query) =>
            q
              .selectFrom('pets')
              .select('id')
              .where((eb) => eb.exists(eb.selectFrom(`${schema}.people` as 'people').select('id'))),
        ],
        [
          'a join',
          (q: Query) =>
            q
              .selectFrom('pets')
              .innerJoin(`${schema}.people as p` as 'people as p', 'p.id', 'pets.id')
              .select('pets.id'),
        ],
      ] as const
    ).map(
      ([form, build]) =>
        [
          `the schema ${schema} in ${form}`,
          build,
          `The table people is named with a schema: ${schema}.`,
        ] as const,
    ),
  ),
  ['fetch', (q) => q.selectFrom('people').select('id').fetch(1), 'FETCH is not in the SQL of every engine.'],
  [
    'a parameter in a grouped expression',
    (q) =>
      q
        .selectFrom('people')
        .select((eb) => eb.fn.coalesce('score', eb.val(0)).as('x'))
        .groupBy((eb) => eb.fn.coalesce('score', eb.val(0))),
    'An expression with a parameter is grouped by, and used once more beside it.',
  ],
  [
    'a parameter in a grouped expression of HAVING',
    (q) =>
      q
        .selectFrom('people')
        .select((eb) => eb.fn.countAll().as('x'))
        .groupBy((eb) => eb('age', '+', 1))
        .having((eb) => eb(eb('age', '+', 1), '>', 1)),
    'An expression with a parameter is grouped by, and used once more beside it.',
  ],
  [
    'onConflict(constraint)',
    (q) =>
      q
        .insertInto('pets')
        .values(pet)
        .onConflict((oc) => oc.constraint('pets_pkey').doNothing()),
    'ON CONFLICT ON CONSTRAINT is not in the SQL of every engine.',
  ],
  [
    'DO UPDATE without a target',
    (q) =>
      q
        .insertInto('pets')
        .values(pet)
        .onConflict((oc) => oc.doUpdateSet({ name: 'x' })),
    'DO UPDATE for a conflict with any key is not in the SQL of every engine.',
  ],
  ...(['orIgnore', 'orReplace', 'orAbort', 'orFail', 'orRollback', 'ignore'] as const).map(
    (name) =>
      [
        name,
        (q: Query) => q.insertInto('pets').values(pet)[name](),
        'INSERT OR … is not in the SQL of every engine.',
      ] as const,
  ),
  ['replaceInto', (q) => q.replaceInto('pets').values(pet), 'REPLACE is not in the SQL of every engine.'],
  [
    'delete using',
    (q) => q.deleteFrom('pets').using('people').whereRef('people.id', '=', 'pets.owner_id'),
    'USING of a DELETE is not in the SQL of every engine.',
  ],
  [
    'limit of a DELETE',
    (q) => q.deleteFrom('pets').limit(1),
    'LIMIT or ORDER BY of a DELETE is not in the SQL of every engine.',
  ],
  [
    'order of a DELETE',
    (q) => q.deleteFrom('pets').orderBy('name'),
    'LIMIT or ORDER BY of a DELETE is not in the SQL of every engine.',
  ],
  [
    'limit of an UPDATE',
    (q) => q.updateTable('pets').set({ name: 'x' }).limit(1),
    'LIMIT or ORDER BY of an UPDATE is not in the SQL of every engine.',
  ],
  ...(['insert', 'update', 'delete'] as const).map(
    (verb) =>
      [
        `${verb} in WITH`,
        (q: Query) =>
          q
            .with('w', (db) =>
              verb === 'insert'
                ? db.insertInto('pets').values(pet).returning('id')
                : verb === 'update'
                  ? db.updateTable('pets').set({ name: 'x' }).returning('id')
                  : db.deleteFrom('pets').returning('id'),
            )
            .selectFrom('w')
            .selectAll(),
        'A write in WITH is not in the SQL of every engine.',
      ] as const,
  ),
  ...(['innerJoinLateral' as 'leftJoinLateral', 'leftJoinLateral'] as const).map(
    (name) =>
      [
        name,
        (q: Query) =>
          q
            .selectFrom('people')
            [name](
              (eb) => eb.selectFrom('pets').select('name').whereRef('owner_id', '=', 'people.id').as('p'),
              (join) => join.onTrue(),
            )
            .select('p.name'),
        'LATERAL is not in the SQL of every engine.',
      ] as const,
  ),
  [
    'crossJoinLateral',
    (q) =>
      q
        .selectFrom('people')
        .crossJoinLateral((eb) => eb.selectFrom('pets').select('name').as('p'))
        .select('p.name'),
    'LATERAL is not in the SQL of every engine.',
  ],
  ...(['intersectAll', 'exceptAll'] as const).map(
    (name) =>
      [
        name,
        (q: Query) => q.selectFrom('people').select('id')[name](q.selectFrom('pets').select('id')),
        `${name === 'intersectAll' ? 'INTERSECT' : 'EXCEPT'} ALL is not in the SQL of every engine.`,
      ] as const,
  ),
  [
    'betweenSymmetric',
    (q) =>
      q
        .selectFrom('people')
        .select('id')
        .where((eb) => eb.betweenSymmetric('age', 5, 1)),
    'BETWEEN SYMMETRIC is not in the SQL of every engine.',
  ],
  [
    'any()',
    (q) =>
      q
        .selectFrom('people')
        .select('id')
        .where((eb) => eb('id', '=', eb.fn.any<string>(eb.selectFrom('pets').select('owner_id') as never))),
    'any(…) is not in the SQL of every engine.',
  ],
  [
    'jsonAgg',
    (q) => q.selectFrom('people').select((eb) => eb.fn.jsonAgg('people').as('x')),
    'json_agg(…) is not in the SQL of every engine.',
  ],
  [
    'toJson',
    (q) => q.selectFrom('people').select((eb) => eb.fn.toJson('people').as('x')),
    'to_json(…) is not in the SQL of every engine.',
  ],
  [
    'columns of another table in RETURNING',
    (q) =>
      q
        .updateTable('pets')
        .from('people')
        .set({ name: 'x' })
        .whereRef('people.id', '=', 'pets.owner_id')
        .returning('people.nick'),
    'RETURNING has columns of another table than pets.',
  ],
  [
    'a column of another table without its name in RETURNING',
    (q) =>
      q
        .updateTable('pets')
        .from('people')
        .set({ name: 'x' })
        .whereRef('people.id', '=', 'pets.owner_id')
        .returning((eb) => eb('nick', '=', 'x').as('x')),
    'RETURNING has columns of another table than pets.',
  ],
  [
    'returningAll() of two tables',
    (q) =>
      q
        .updateTable('pets as p')
        .from('people')
        .set({ name: 'x' })
        .whereRef('people.id', '=', 'p.owner_id')
        .returningAll(),
    'RETURNING has columns of another table than p.',
  ],
  ['set({})', (q) => q.updateTable('pets').set({}), 'The UPDATE sets no column.'],
  [
    'set of values that are undefined',
    (q) => q.updateTable('pets').set({ name: undefined, owner_id: undefined }),
    'The UPDATE sets no column.',
  ],
  [
    'doUpdateSet of a value that is undefined',
    (q) =>
      q
        .insertInto('pets')
        .values(pet)
        .onConflict((oc) => oc.column('id').doUpdateSet({ name: undefined })),
    'The DO UPDATE sets no column.',
  ],
  [
    'a MERGE that sets nothing',
    (q) =>
      q
        .mergeInto('pets')
        .using('people', 'people.id', 'pets.owner_id')
        .whenMatched()
        .thenUpdateSet({ name: undefined }),
    'The UPDATE sets no column.',
  ],
  [
    'an alias in a subquery of RETURNING',
    (q) =>
      q
        .deleteFrom('pets as p')
        .returning((eb) =>
          eb.selectFrom('people').select('name').whereRef('people.id', '=', 'p.owner_id').as('x'),
        ),
    'A subquery of RETURNING refers to the alias p.',
  ],
];

describe.each(engines)('forms that not every engine can run, on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables));
    await db.insertMany(people, rows as never);
  });
  afterAll(() => remove());

  it.each(refused)('%s is refused', async (_, build, message) => {
    const found = await db
      .session((s) => build(s.query).execute())
      .catch((error: unknown) => (error instanceof AshlarError ? error : Promise.reject(error)));
    expect(found).toMatchObject({ code: 'usage', message, suggestion: expect.stringMatching(/./) });
  });

  const returned: readonly (readonly [string, (q: Query) => Runs])[] = [
    ['an UPDATE', (q) => q.updateTable('pets').set({ name: 'y' }).returningAll('pets')],
    ['an UPDATE with an alias', (q) => q.updateTable('pets as p').set({ name: 'y' }).returningAll('p')],
    [
      'an UPDATE of two tables',
      (q) =>
        q
          .updateTable('pets as p')
          .from('people as o')
          .set({ name: 'y' })
          .whereRef('o.id', '=', 'p.owner_id')
          .returningAll('p'),
    ],
    ['a DELETE', (q) => q.deleteFrom('pets').returningAll('pets')],
    ['a DELETE with an alias', (q) => q.deleteFrom('pets as p').returningAll('p')],
    ['a DELETE with columns beside', (q) => q.deleteFrom('pets as p').returningAll('p').returning('p.id')],
  ];
  it.each(returned)('returningAll of %s has the columns of the table', async (_, build) => {
    const pet = await db.insert(tables.pets, { owner_id: rows[0].id, name: 'y', tags: ['b', 'a'] });
    const found = (await db.session((s) => build(s.query).execute())) as { updated_at: string }[];
    await db.deleteMany(tables.pets, 'all');
    expect(found).toEqual([{ ...pet, updated_at: found[0]?.updated_at }]);
  });

  it('an expression of RETURNING can use the alias of the table', async () => {
    await db.insert(tables.pets, { name: 'y', tags: ['b'] });
    const returned = await db.session((s) =>
      s.query
        .deleteFrom('pets as p')
        .returning((eb) => [
          eb('p.name', '=', 'y').as('is_y'),
          'p.tags',
          eb.fn('upper', ['p.name']).as('name'),
        ])
        .execute(),
    );
    expect(returned).toEqual([{ is_y: true, tags: ['b'], name: 'Y' }]);
  });

  it('set leaves out a value that is undefined, if it sets another one', async () => {
    const { id } = await db.insert(tables.pets, { name: 'y' });
    const [row] = await db.session((s) =>
      s.query.updateTable('pets').set({ name: undefined, kind: 'dog' }).returningAll().execute(),
    );
    expect(row).toMatchObject({ id, name: 'y', kind: 'dog' });
    await db.deleteMany(tables.pets, 'all');
  });

  it('forms beside them still run', async () => {
    const found = await db.session(async (s) => [
      await s.query.selectFrom('people').select('name').orderBy('name').limit(0).execute(),
      await s.query.selectFrom('people').select('name').orderBy('name').limit(1n).offset(1).execute(),
      await s.query
        .selectFrom('people')
        .select((eb) => eb.fn.coalesce('score', sql.lit(0)).as('x'))
        .groupBy((eb) => eb.fn.coalesce('score', sql.lit(0)))
        .orderBy('x')
        .execute(),
      await s.query
        .selectFrom('people')
        .select((eb) => eb.fn.countAll<number>().as('x'))
        .groupBy((eb) => eb('age', '+', 1))
        .orderBy('x')
        .execute(),
    ]);
    expect(found).toEqual([[], [{ name: 'Cleo' }], [{ x: 0 }, { x: 1 }, { x: 2 }], [{ x: 1 }, { x: 2 }]]);
  });
});

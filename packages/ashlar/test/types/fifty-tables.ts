const numbers = Array.from({ length: 50 }, (_, n) => n);

const declaration = (n: number): string => `
export const table_${n} = table(
  'table_${n}',
  {
    id: id(),
    other_id: z.uuid(),
    name_${n}: z.string().min(1).max(200),
    email: z.email().nullable(),
    state: z.enum(['a${n}', 'b', 'c']).default('b'),
    amount: z.int().min(0),
    at: z.date(),
    tags: z.array(z.string()).default([]),
    data: z.strictObject({ a: z.string(), b: z.int().optional() }).nullable(),
    ...timestamps(),
  },
  (c) => [
    index(c.state, c.at),
    unique(c.name_${n}),
    ${n === 0 ? '' : `references(c.other_id, table_${n - 1}.columns.id),`}
    checkRow((row) => (row.amount > 9 ? 'too much' : undefined)),
  ],
);`;

const use = (n: number): string => `
export const use_${n} = (db: Database<typeof all.tables>) =>
  db.session(async (s) => {
    const row = await s.insert(table_${n}, { other_id: 'x', name_${n}: 'x', amount: 1, at: new Date() });
    const got = await s.get(table_${n}, row.id);
    await s.update(table_${n}, row.id, { amount: (got?.amount ?? 0) + 1 });
    const rows = await s.query
      .selectFrom('table_${n}')
      .innerJoin('table_${(n + 7) % 50}', 'table_${(n + 7) % 50}.id', 'table_${n}.other_id')
      .select(['table_${n}.name_${n}', 'table_${(n + 7) % 50}.at'])
      .where('table_${n}.state', '=', 'a${n}')
      .execute();
    return [table_${n}.insert.omit({ other_id: true }).parse({}).name_${n}, ...rows];
  });`;

/** A module that declares fifty tables of eleven columns, and for each inserts, reads, updates and joins rows. */
export const fiftyTables = `
import { checkRow, type Database, id, index, references, system, table, timestamps, unique } from 'ashlar';
import { z } from 'zod';
${numbers.map(declaration).join('\n')}
export const all = system('all', {
  migrations: new URL('file:///none/'),
  tables: { ${numbers.map((n) => `table_${n}`).join(', ')} },
});
${numbers.map(use).join('\n')}
`;

import { autoincrement, type Database, id, table } from 'ashlar';
import { appendOnly, audited, auditTrail } from 'ashlar/guarantees';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';

const refusal = (name: string): string | undefined => {
  try {
    table('things', { id: id(), [name]: z.string() });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
};

describe('a column name that something reserves in every table', () => {
  it.each([
    ...Object.getOwnPropertyNames(Object.prototype),
    ...['xmin', 'xmax', 'cmin', 'cmax', 'ctid', 'tableoid', 'rowid', '_rowid_', 'oid'],
  ])('is refused by name: %s', (name) => {
    expect(refusal(name)).toBe(`A column of things cannot be named "${name}".`);
  });
});

// names that a trigger, a query or an object could take for another thing
const odd = [
  ...['new', 'old', 'found', 'tg_op', 'excluded', 'row', 'value', 'key', 'result', 'actor', 'scope', 'this'],
  ...[
    'then',
    'length',
    'name',
    'prototype',
    'arguments',
    'default',
    'select',
    'from',
    'order',
    'user',
    'limit',
  ],
  ...[
    'current_user',
    'odd',
    'before',
    'after',
    'id_',
    'text',
    'json',
    'uuid',
    'timestamp',
    'null',
    'true',
    'rank',
  ],
] as const;
const columns = Object.fromEntries(odd.map((name) => [name, z.string()])) as Record<
  (typeof odd)[number],
  z.ZodString
>;
const trail = auditTrail('changes');
const tables = {
  trail,
  odd: table('odd', { id: id(), ...columns }, () => [audited({ into: trail })]),
  kept: table('kept', { id: autoincrement(), ...columns }, () => [appendOnly()]),
};

describe.each(engines)('a column with an odd name, on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables));
  });
  afterAll(() => remove());

  it('works as any other', async () => {
    const values = Object.fromEntries(odd.map((name) => [name, `of ${name}`])) as Record<
      (typeof odd)[number],
      string
    >;
    const changes = Object.fromEntries(odd.map((name) => [name, `new ${name}`])) as typeof values;
    await db.session(async (s) => {
      const row = await s.insert(tables.odd, values);
      expect(row).toMatchObject(values);
      expect(await s.update(tables.odd, row.id, changes)).toEqual({ id: row.id, ...changes });
      expect(await s.query.selectFrom('odd').selectAll().execute()).toEqual([{ id: row.id, ...changes }]);
      expect(await s.insertMany(tables.kept, [values])).toBe(1);
      expect(await s.query.selectFrom('kept').selectAll().execute()).toEqual([{ id: 1, ...values }]);
      await s.delete(tables.odd, row.id);
    });
    const [line] = await db.read((s) =>
      s.query.selectFrom('changes').select('after').where('operation', '=', 'update').execute(),
    );
    expect(line?.after).toMatchObject(changes);
  });
});

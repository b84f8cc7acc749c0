import { checkRow, type Database, id, table, unique } from 'ashlar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';

const stays = table(
  'stays',
  { id: id(), room: z.string(), from: z.date(), until: z.date().nullable() },
  (c) => [
    unique(c.room),
    checkRow(({ from, until }) =>
      until !== null && until < from ? { message: 'ends before it begins', path: ['until'] } : undefined,
    ),
  ],
);
const tables = { stays };
const [early, late] = [new Date('2026-01-01T00:00:00.000Z'), new Date('2026-02-01T00:00:00.000Z')];
const wrong = { room: 'a', from: late, until: early };
const refusal = {
  code: 'value-invalid',
  message: 'stays.until: ends before it begins',
  facts: { table: 'stays', columns: ['until'] },
};

describe.each(engines)('a check of whole rows, on $name', (engine) => {
  let db: Database<typeof tables>;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await withTables(engine, tables));
  });
  afterAll(() => remove());

  it('refuses a row in every method that writes whole rows', async () => {
    await expect(db.insert(stays, wrong)).rejects.toMatchObject(refusal);
    await expect(db.insertMany(stays, [wrong])).rejects.toMatchObject(refusal);
    await expect(db.upsert(stays, wrong, { by: 'room' })).rejects.toMatchObject(refusal);
    expect(await db.read((s) => s.query.selectFrom('stays').selectAll().execute())).toEqual([]);
    const { id: key } = await db.insert(stays, { room: 'b', from: early, until: late });
    await expect(db.update(stays, key, { from: new Date('2026-03-01T00:00:00.000Z') })).rejects.toMatchObject(
      refusal,
    );
    expect(await db.get(stays, key)).toEqual({ id: key, room: 'b', from: early, until: late });
  });

  it('aborts the session of an update', async () => {
    const row = await db.insert(stays, { room: 'c', from: early, until: late });
    const session = db.session(async (s) => {
      await s.update(stays, row.id, { until: new Date(0) }).catch(() => undefined);
      return s.get(stays, row.id);
    });
    await expect(session).rejects.toMatchObject({ code: 'session-aborted' });
    expect(await db.get(stays, row.id)).toEqual(row);
  });
});

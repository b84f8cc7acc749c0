import { createdAt, id, primaryKey, table } from 'ashlar';
import { partitioned, retained } from 'ashlar/guarantees';
import { listPartitions, maintain, retentionStatus } from 'ashlar/migrations';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines, sqlOf } from '../../../../test/support/engines.js';
import { withTables } from '../../../../test/support/tables.js';

const letters = table('letters', { id: id(), at: createdAt() }, (c) => [
  primaryKey(c.id, c.at),
  partitioned(c.at, { by: 'month', ahead: 3 }),
  retained(c.at, { for: { years: 5 }, reason: 'the law' }),
]);
const plain = table('plain', { id: id() });

const tables = { letters, plain };
type Opened = Awaited<ReturnType<typeof withTables<typeof tables>>>;

describe.each(engines)('partitions and retention on $name', (engine) => {
  let opened: Opened;
  beforeAll(async () => {
    opened = await withTables(engine, tables, { maintain: false });
    await maintain(opened.db.engine, [letters, plain], new Date('2026-11-22T12:00:00Z'));
  });
  afterAll(() => opened.remove());

  test('the partitions of each table are listed with their bounds and rows', async () => {
    const found = await listPartitions(opened.db.engine, opened.db.system);
    if (sqlOf(engine) === 'sqlite') return expect(found).toEqual([]);
    expect(found.map((each) => each.table)).toEqual(['letters']);
    expect(found[0]?.partitions).toContainEqual(
      expect.objectContaining({ from: '2026-12-01T00:00:00.000Z', to: '2027-01-01T00:00:00.000Z', rows: 0 }),
    );
  });

  test('the retention of each table is listed with the rows that have expired', async () => {
    const { engine: owner, system } = opened.db;
    await owner.asOwner((run) =>
      run.atomically(() =>
        run.run(
          "INSERT INTO letters (id, at) VALUES ('00000000-0000-7000-8000-000000000001', '2020-01-05T00:00:00.000Z')",
        ),
      ),
    );
    expect(await retentionStatus(owner, system, new Date('2026-11-22T12:00:00Z'))).toEqual([
      {
        ...{
          table: 'letters',
          column: 'at',
          period: { years: 5 },
          period_text: '5 years',
          reason: 'the law',
        },
        ...{ due: 1, held: 0, stuck: 0 },
      },
    ]);
  });
});

import { readFile } from 'node:fs/promises';
import { shipments, shipping, simulatedExecutor } from '@ashlar/shipping';
import type { SqlName } from 'ashlar/extend';
import { checkMigrations as check, down, dumpSchema, up } from 'ashlar/migrations';
import { describe, expect, test } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { makeJob, openShipping } from './support.js';

const folder = new URL('../', import.meta.url);

describe.each<SqlName>(['sqlite', 'postgres'])('the migrations of shipping for %s', (name) => {
  test('make the declared tables', async () => {
    await expect(check(shipping, name)).resolves.toBeUndefined();
  });

  test('make the committed dump', async () => {
    const committed = await readFile(new URL(`schema.${name}.sql`, folder), 'utf8');
    expect(await dumpSchema(shipping, name)).toBe(committed);
  });
});

describe.each(engines)('the migrations of shipping on $name', (engine) => {
  test('can be run twice, reverted with rows in the tables, and run again', async () => {
    const { db, remove } = await openShipping(engine);
    try {
      const use = async () => {
        const jobId = await makeJob(db, 30);
        await shipments.run(db, jobId, simulatedExecutor({ fail: [2] }));
        return (await db.read((s) => shipments.status(s, jobId))).account.by_status;
      };
      const expected = { pending: 0, processing: 0, completed: 29, failed: 1, skipped: 0 };
      expect(await use()).toEqual(expected);
      expect(await up(db.engine, shipping)).toEqual([]);
      expect(await down(db.engine, shipping, { to: 'base', destroy: true })).toMatchObject([
        { step: '0006_confirmation_and_import' },
        { step: '0005_recorded_retirements' },
        { step: '0004_authenticated_context' },
        { step: '0003_generated_columns' },
        { step: '0002_guarantees' },
        { step: '0001_initial' },
      ]);
      expect(await up(db.engine, shipping)).toMatchObject([
        { step: '0001_initial' },
        { step: '0002_guarantees' },
        { step: '0003_generated_columns' },
        { step: '0004_authenticated_context' },
        { step: '0005_recorded_retirements' },
        { step: '0006_confirmation_and_import' },
      ]);
      expect(await use()).toEqual(expected);
    } finally {
      await remove();
    }
  });
});

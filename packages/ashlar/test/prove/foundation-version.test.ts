import { describe, expect, test } from 'vitest';
import { oneOfEach } from '../../../../test/support/engines.js';
import { initialise, systems } from './support.js';

const { engines } = oneOfEach(import.meta.url);

describe.each(engines)(
  'a version of Ashlar’s own objects that this release does not know, on $name',
  (engine) => {
    test('is a finding: a row of the history keeps nothing out of the comparison unseen', async () => {
      const [system] = systems;
      if (!system) throw new RangeError('there is no system');
      const database = await initialise(engine, system.system);
      try {
        expect(await database.failures()).toBe('');
        await database.run(`INSERT INTO ashlar_migrations (system, step, checksum, applied_at, applied_by, duration_ms)
        SELECT 'ashlar', '0009_indexes', 'oldest:1', applied_at, applied_by, duration_ms FROM ashlar_migrations LIMIT 1`);
        expect(await database.failures()).toMatch(
          /recorded as version 0009_indexes, which this release does not know/,
        );
        await database.run('INSERT INTO ashlar_test_database (id) VALUES (1)');
        expect(await database.failures()).toContain('the database is marked as a test database');
      } finally {
        await database.close();
      }
    });
  },
);

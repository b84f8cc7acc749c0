import { openEngine } from 'ashlar/extend';
import { drift, maintain, status, up } from 'ashlar/migrations';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { oneOfEach, server } from '../../../../test/support/engines.js';
import { compareWithSteps } from '../../src/migrations/catalogue/with-steps.js';
import { lineOf } from '../../src/migrations/catalogue/words.js';
import type { Folder } from '../migrations/folder.js';
import { everyFolder } from '../prove/every-folder.js';
import { asSystem } from '../prove/every-guarantee.js';
import { initialise, systems } from '../prove/support.js';

const { engines, withRoles } = oneOfEach(import.meta.url);

let folder: Folder;
beforeAll(async () => {
  folder = await everyFolder();
});
afterAll(() => folder.remove());

describe.each(engines)('a new database on $name', (engine) => {
  it.each([...systems.map(({ name }) => name), 'every guarantee'])(
    'of %s differs in nothing from its steps',
    async (name) => {
      const system = systems.find((each) => each.name === name)?.system ?? asSystem(folder.url);
      const database = await initialise(engine, system);
      try {
        const compared = await compareWithSteps(database.engine, system);
        expect(compared?.differences.map((difference) => lineOf(difference))).toEqual([]);
        expect(compared?.found.parts.length).toBeGreaterThan(50);
      } finally {
        await database.close();
      }
    },
  );
});

describe.each(withRoles)('partitions on $name', (engine) => {
  it('that were made of the default partition differ in nothing', async () => {
    const system = asSystem(folder.url);
    const database = await initialise(engine, system);
    try {
      await database.run(
        "INSERT INTO visits (id, client_id, at, path) VALUES (gen_random_uuid(), gen_random_uuid(), '2001-02-03T00:00:00Z', '/')",
      );
      const { done } = await maintain(database.engine, Object.values(system.tables), new Date());
      expect(done.join()).toContain('visits: the default partition, with 1 rows, became visits_2001_02');
      expect(await drift(database.engine, system)).toEqual([]);
    } finally {
      await database.close();
    }
  });

  it('are compared each: what one of them lacks, or has besides, is named', async () => {
    const system = asSystem(folder.url);
    const database = await initialise(engine, system);
    try {
      const [{ name = '' } = {}] = await database.run(
        "SELECT c.relname::text AS name FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid WHERE c.relname LIKE 'visits\\_2%' AND c.relkind = 'r' ORDER BY 1",
      );
      await database.run(`ALTER TABLE ${name} SET UNLOGGED`);
      await database.run(`CREATE POLICY open ON ${name} USING (true)`);
      await database.run(`CREATE INDEX by_hand ON ${name} (path)`);
      expect(await drift(database.engine, system)).toEqual([
        `visits: the partition ${name} differs: persistence is unlogged`,
        `${name}: the policy open is made by no step (to remove it: DROP POLICY open ON public.${name}; to accept it: policy ${name}.open)`,
      ]);
      const { undeclared } = await status(database.engine, system);
      expect(undeclared).toEqual(
        expect.arrayContaining([{ object: 'index by_hand', from: 'database', lifts: false }]),
      );
    } finally {
      await database.close();
    }
  });
});

describe.each(server)('a schema of another name on $name', (engine) => {
  it('differs in nothing', async () => {
    const system = asSystem(folder.url);
    const first = await initialise(engine, system);
    try {
      await first.run('CREATE SCHEMA "An odd.schema"');
      const url = new URL(first.place.url);
      url.searchParams.set('schema', 'An odd.schema');
      const other = await openEngine({ url: url.href });
      try {
        await up(other, system);
        await maintain(other, Object.values(system.tables), new Date());
        expect(await drift(other, system)).toEqual([]);
        expect(await drift(first.engine, system)).toEqual([]);
      } finally {
        await other.close();
      }
    } finally {
      await first.close();
    }
  });
});

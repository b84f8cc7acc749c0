import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withRoles } from '../../../../test/support/engines.js';
import type { RunSql } from '../../src/contract/sql.js';
import { describeWithin } from '../../src/engines/postgres/catalogue/describe.js';
import { readPowers } from '../../src/engines/postgres/roles/powers.js';
import { defaultRoles } from '../../src/roles/names.js';
import { wantedRights } from '../../src/roles/wanted.js';
import type { Folder } from '../migrations/folder.js';
import { everyFolder } from '../prove/every-folder.js';
import { asSystem } from '../prove/every-guarantee.js';
import { type InitialisedDatabase, initialise } from '../prove/support.js';
import { catalogues } from './kinds-of-objects.js';

let folder: Folder;
beforeAll(async () => {
  folder = await everyFolder();
});
afterAll(() => folder.remove());

/** The queries that `work` runs. */
const queriesOf = async (run: RunSql, work: (run: RunSql) => Promise<unknown>): Promise<string> => {
  const texts: string[] = [];
  await work((text, parameters) => {
    texts.push(text);
    return run(text, parameters);
  });
  return texts.join('\n');
};

describe.each(withRoles)('every kind of object of PostgreSQL, on $name', (engine) => {
  let database: InitialisedDatabase;
  const queries = { described: '', rights: '' };
  beforeAll(async () => {
    database = await initialise(engine, asSystem(folder.url));
    const { dialect } = database.engine;
    const wanted = wantedRights(dialect, database.system, defaultRoles);
    await database.engine.asOwner((owner) =>
      owner.atomically(async () => {
        queries.described = await queriesOf(owner.run, (run) => describeWithin(run));
        queries.rights = await queriesOf(owner.run, async (run) => {
          await readPowers(run, wanted);
          await dialect.roles?.plan(run, wanted);
        });
      }),
    );
  });
  afterAll(() => database.close());

  it('has a place: a catalogue of a later version must be looked at, or be said to act on nothing', async () => {
    const found = await database.run(
      "SELECT c.relname::text AS name FROM pg_class c WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r' ORDER BY 1",
    );
    expect(found.map(({ name }) => name)).toEqual(Object.keys(catalogues).toSorted());
  });

  it('is read where its place says', () => {
    for (const [name, place] of Object.entries(catalogues)) {
      const text = typeof place === 'string' ? queries[place] : undefined;
      if (text !== undefined) expect(new RegExp(`\\b${name}\\b`).test(text), name).toBe(true);
    }
  });

  it('that can refer to a table, a function, a type or a schema is described, or is said to act on nothing', async () => {
    const found = await database.run(
      `SELECT DISTINCT fktable::text AS name FROM pg_get_catalog_foreign_keys()
        WHERE pktable IN ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass, 'pg_namespace'::regclass) ORDER BY 1`,
    );
    expect(found.length).toBeGreaterThan(30);
    for (const { name } of found) expect(catalogues[String(name)], String(name)).toBeDefined();
  });
});

import { type Engine, openEngine } from 'ashlar/extend';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines, type Place, sqlOf } from '../../../../test/support/engines.js';
import type { Schema } from '../../src/contract/schema.js';
import { restoring } from '../../src/engines/postgres/bulk/restore.js';
import { isAshlarError } from '../../src/errors.js';
import { up } from '../../src/migrations/index.js';
import { assertRestored } from '../../src/move/refusals.js';
import type { Folder } from '../migrations/folder.js';
import { type Depot, makeDepot } from './depot.js';

const targets = engines.filter((engine) => sqlOf(engine) === 'postgres');
class RolledBack extends Error {}

describe.each(targets)('what a move lifts on $name', ({ place: newPlace }) => {
  let depot: Depot;
  let folder: Folder;
  let place: Place;
  let engine: Engine;
  let described: Schema;
  let names: readonly string[];
  beforeAll(async () => {
    ({ system: depot, folder } = await makeDepot());
    place = await newPlace();
    engine = await openEngine({ url: place.url });
    await up(engine, depot);
    described = await engine.asOwner((owner) => engine.introspect(owner));
    names = Object.values(depot.tables).map(({ name }) => name);
  });
  afterAll(async () => {
    await engine.close();
    await place.remove();
    await folder.remove();
  });

  /** What is found after everything was lifted and all but one of the objects were made again. */
  const without = async (
    left: number | undefined,
  ): Promise<{ count: number; difference: string | undefined }> => {
    let count = 0;
    let difference: string | undefined;
    const tablesOf = (schema: Schema) => schema.tables.filter(({ name }) => names.includes(name));
    await engine
      .bulkWriter(({ owner, lift }) =>
        owner.atomically(async () => {
          await lift(names, ['ashlar_app', 'ashlar_auditor']);
          const statements = restoring(tablesOf(described), tablesOf(await engine.introspect(owner)));
          count = statements.length;
          try {
            for (const [at, { statement }] of statements.entries())
              if (at !== left) await owner.script(statement);
            assertRestored(described, await engine.introspect(owner), names);
          } catch (error) {
            // a foreign key cannot be made without the key that it refers to
            if (!isAshlarError(error)) throw error;
            difference = error.code;
          }
          throw new RolledBack();
        }),
      )
      .catch((error) => {
        if (!(error instanceof RolledBack)) throw error;
      });
    return { count, difference };
  };

  test('is made again as it was described', async () => {
    expect(await without(undefined)).toEqual({ count: 25, difference: undefined });
  });

  test('is found missing, whichever object is left out', async () => {
    const { count } = await without(undefined);
    for (let left = 0; left < count; left++)
      expect((await without(left)).difference, `object ${left}`).toBeDefined();
  });
});

import { type Engine, openEngine } from 'ashlar/extend';
import { drift, up } from 'ashlar/migrations';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { server, withRoles } from '../../../../test/support/engines.js';
import type { Folder } from '../migrations/folder.js';
import { everyFolder } from '../prove/every-folder.js';
import { asSystem } from '../prove/every-guarantee.js';
import { initialise } from '../prove/support.js';

let folder: Folder;
beforeEach(async () => {
  folder = await everyFolder();
});
afterEach(() => folder.remove());

/** An engine that calls `before` before its first description, and `after` behind it. */
const interrupted = (
  engine: Engine,
  { before, after }: { before?: (run: Run) => Promise<unknown>; after?: (run: Run) => Promise<unknown> },
): Engine => {
  let isFirst = true;
  const catalogue: Engine['catalogue'] = async (owner) => {
    const now = isFirst;
    isFirst = false;
    if (now) await before?.(owner.run);
    const found = await engine.catalogue(owner);
    if (now) await after?.(owner.run);
    return found;
  };
  return Object.create(engine, { catalogue: { value: catalogue } }) as Engine;
};
type Run = (sql: string) => Promise<unknown>;

describe.each(withRoles)('what is done while a database is compared, on $name', (engine) => {
  it('is no finding where only one of two comparisons sees it', async () => {
    const system = asSystem(folder.url);
    const database = await initialise(engine, system);
    try {
      await database.run('CREATE VIEW shown AS SELECT * FROM letters');
      expect(await drift(database.engine, system)).toEqual([expect.stringContaining('the view shown')]);
      const dropped = interrupted(database.engine, { after: (run) => run('DROP VIEW shown') });
      expect(await drift(dropped, system)).toEqual([]);
    } finally {
      await database.close();
    }
  });

  it('is read again where an object is gone that the server was to print', async () => {
    const system = asSystem(folder.url);
    const database = await initialise(engine, system);
    try {
      const failing = interrupted(database.engine, {
        before: (run) => run('SELECT pg_get_viewdef(x.oid) FROM no_such_relation x'),
      });
      expect(await drift(failing, system)).toEqual([]);
    } finally {
      await database.close();
    }
  });
});

describe.each(server)('a step that is applied while a database is compared, on $name', (engine) => {
  it('is compared with what it makes', async () => {
    const system = asSystem(folder.url);
    const database = await initialise(engine, system);
    const other = await openEngine({ url: database.place.url });
    try {
      await folder.step('0002_more', 'ALTER TABLE letters ADD COLUMN more integer');
      const upgraded = interrupted(database.engine, { before: () => up(other, system) });
      expect(await drift(upgraded, system)).toEqual([]);
    } finally {
      await other.close();
      await database.close();
    }
  });
});

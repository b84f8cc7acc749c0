import { type ConnectOptions, connect, type Database, system, type Tables } from 'ashlar';
import { createFoundation } from '../../packages/ashlar/src/engines/foundation.js';
import { markAsTest } from '../../packages/ashlar/src/migrations/test-mark.js';
import type { engines } from './engines.js';

type Place = (typeof engines)[number];

/** A database holding just these tables, and how to be rid of it. */
export const withTables = async <T extends Tables>(
  engine: Place,
  tables: T,
  options: Partial<ConnectOptions> = {},
): Promise<{ db: Database<T>; url: string; key: string | undefined; remove: () => Promise<void> }> => {
  const place = await engine.place();
  const db = await connect(system('testing', { tables, migrations: new URL('file:///nowhere/') }), {
    url: place.url,
    key: place.key,
    ...options,
  });
  await db.engine.asOwner(async (owner) => {
    await createFoundation(owner, db.engine.dialect);
    if (options.clock) await markAsTest(owner);
    for (const table of Object.values(tables)) {
      for (const statement of db.engine.dialect.createTable(table)) await owner.script(statement);
    }
  });
  return {
    db,
    url: place.url,
    key: place.key,
    remove: async () => {
      await db.close();
      await place.remove();
    },
  };
};

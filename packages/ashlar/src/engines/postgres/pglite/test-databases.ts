import type { TestDatabases } from '../../../contract/test-databases.js';
import { postgresDialect } from '../dialect.js';
import { pgliteEngine } from './open.js';
import { type CreatedPglite, createPglite } from './template.js';

/** How many emptied databases this process keeps for the next tests. Each takes about 100 MB. */
const mostIdle = 2;

/** How long they are kept, in milliseconds: an open PGlite keeps its process running. */
const longestIdle = 1_000;

const idle: { readonly made: CreatedPglite; readonly timer: NodeJS.Timeout }[] = [];

const takeIdle = (): CreatedPglite | undefined => {
  const taken = idle.pop();
  clearTimeout(taken?.timer);
  return taken?.made;
};

const keep = (made: CreatedPglite): void => {
  const timer = setTimeout(() => {
    idle.splice(
      idle.findIndex((kept) => kept.made === made),
      1,
    );
    void made.database.close();
  }, longestIdle);
  idle.push({ made, timer });
};

// the guarantees' roles may stay: their rights end with the objects
const emptied = `
ROLLBACK;
DROP SCHEMA public CASCADE;
CREATE SCHEMA public;
RESET SESSION AUTHORIZATION;
RESET ALL;
DEALLOCATE ALL;
SELECT pg_advisory_unlock_all()`;

// what a test may have left outside of the schema: other schemas, extensions, settings of roles
const leftovers = `
SELECT (SELECT count(*) FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname NOT IN ('public', 'information_schema'))
     + (SELECT count(*) FROM pg_extension WHERE extname <> 'plpgsql')
     + (SELECT count(*) FROM pg_db_role_setting) + (SELECT count(*) FROM pg_event_trigger) AS n`;

const isEmptied = async ({ database }: CreatedPglite): Promise<boolean> => {
  try {
    await database.exec(emptied);
    const { rows } = await database.query<{ n: number }>(leftovers);
    return Number(rows[0]?.n) === 0;
  } catch {
    return false;
  }
};

const giveBack = async (made: CreatedPglite): Promise<void> => {
  if (idle.length < mostIdle && (await isEmptied(made)) && idle.length < mostIdle) keep(made);
  else await made.database.close();
};

/**
 * Test databases in memory. To start a PGlite takes about a second, and to empty one some milliseconds: a database that
 * is removed is emptied and used for the next test, if this process has one within a second.
 */
export const pgliteTestDatabases: TestDatabases = {
  dialect: postgresDialect,
  create: async (_url, template) => {
    const made = takeIdle() ?? (await createPglite(undefined));
    const url = 'pglite:memory';
    const opened = (options: object) => pgliteEngine(made, { ...options, url }, async () => undefined);
    try {
      const filling = await opened({});
      await template.fill(filling);
      await filling.close();
    } catch (error) {
      await made.database.close();
      throw error;
    }
    return { url, open: opened, remove: () => giveBack(made) };
  },
};

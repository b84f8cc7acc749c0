import type { TestDatabases } from '../../../contract/test-databases.js';
import { postgresDialect } from '../dialect.js';
import { giveBack, takeEmptied } from './emptied.js';
import { pgliteEngine } from './open.js';

// how long an emptied database waits for the next test, in milliseconds
const longestIdle = 1_000;

/**
 * Test databases in memory. A database that is removed is emptied and used for the next test, if this process has one
 * within a second.
 */
export const pgliteTestDatabases: TestDatabases = {
  dialect: postgresDialect,
  create: async (_url, template) => {
    const made = await takeEmptied();
    const url = 'pglite:memory';
    let isAbandoned = false;
    const opened = (options: object) =>
      pgliteEngine(made, { ...options, url }, async (isInUse) => {
        isAbandoned ||= isInUse;
      });
    try {
      const filling = await opened({});
      await template.fill(filling);
      await filling.close();
    } catch (error) {
      await made.database.close();
      throw error;
    }
    return {
      url,
      open: opened,
      remove: () => (isAbandoned ? made.database.close() : giveBack(made, longestIdle)),
    };
  },
};

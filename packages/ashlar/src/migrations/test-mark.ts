import type { SqlDialect } from '../contract/dialect.js';
import type { Engine } from '../contract/engine.js';
import type { Owner } from '../contract/owner.js';
import { missingOf } from '../engines/foundation.js';
import { AshlarError } from '../errors.js';
import { markSql, testMarkTable } from '../sql/test-mark.js';
import { historySql } from './history-sql.js';

const query = `SELECT 1 AS found FROM ${testMarkTable}`;

/** Whether a database is marked as a test database. The table of the mark must exist. */
export async function isMarkedAsTest(owner: Pick<Owner, 'run'>): Promise<boolean> {
  return (await owner.run(query)).length > 0;
}

/** Returns what a report says of a database that is marked as a test database, whatever version its history records. */
export async function testMarkProblems(
  owner: Owner,
  { foundation }: Pick<SqlDialect, 'foundation'>,
): Promise<readonly string[]> {
  const missing = await missingOf(
    owner,
    foundation.filter(({ name }) => name === testMarkTable),
  );
  return missing.length === 0 && (await isMarkedAsTest(owner))
    ? ['the database is marked as a test database: sessions may give the times of rows']
    : [];
}

/** Marks a database as a test database, where it is not marked yet. The table of the mark must exist. */
export async function markAsTest(owner: Pick<Owner, 'run'>): Promise<void> {
  await owner.run(markSql);
}

/**
 * Throws if a connection may not have a clock of its own: in an initialised database that is not marked as a test database.
 *
 * @throws AshlarError `usage`
 */
export async function assertClockAllowed(engine: Engine): Promise<void> {
  const history = await engine.read(historySql[engine.dialect.name].exists, []);
  if (history.rows.length === 0) return;
  let isMarked = false;
  try {
    isMarked = (await engine.read(query, [])).rows.length > 0;
  } catch (error) {
    // an older release made the database, without the table
    if (!(error instanceof AshlarError)) throw error;
  }
  if (isMarked) return;
  throw new AshlarError('usage', {
    message: 'The option clock works only with a database that is marked as a test database.',
    detail:
      'Rows with other times than those of the database cannot be told from forged rows: ledgers report them, and backups that have them are not restored.',
    suggestion:
      'Leave the option out. In a test, use testDatabase(…), or mark the database with markTestDatabase(…) of ashlar/testing.',
  });
}

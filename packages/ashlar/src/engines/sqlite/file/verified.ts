import type { FileContent } from '../../../contract/whole-file.js';
import { AshlarError } from '../../../errors.js';
import type { Driver } from '../driver/driver.js';
import { sqliteError } from '../driver/errors.js';
import { type BareFile, openBare } from './bare.js';
import { type DatabaseDigest, digestOf } from './digest.js';
import { keyFingerprint } from './key.js';

const differs = (detail: string, cause?: unknown): AshlarError =>
  new AshlarError('state-conflict', {
    message: 'The copy differs from the database and was discarded.',
    detail,
    suggestion: 'Stop the processes that write to the database, and run the command again.',
    cause,
  });

/**
 * Verifies a copy: opens it with a new connection, reads every page, and compares the copy with its source. Each
 * encrypted page is authenticated by its HMAC.
 *
 * @throws AshlarError `state-conflict`
 */
export function verified(driver: Driver, copy: BareFile, expected?: DatabaseDigest): FileContent {
  try {
    const database = openBare(driver, copy, 'read');
    try {
      // reads every page of every tree. integrity_check also compares indexes with tables, which takes ten times as long
      const found = database.pragma('quick_check(1)', { simple: true });
      if (found !== 'ok') throw differs(`SQLite reports: ${String(found)}`);
      const digest = digestOf(database);
      if (expected !== undefined && expected.digest !== digest.digest)
        throw differs('The database was changed while it was copied.');
      return { ...digest, keyFingerprint: copy.key === undefined ? undefined : keyFingerprint(copy.key) };
    } finally {
      database.close();
    }
  } catch (error) {
    throw error instanceof AshlarError ? error : differs(sqliteError(error).message, error);
  }
}

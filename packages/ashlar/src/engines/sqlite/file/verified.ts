import type { FileContent } from '../../../contract/whole-file.js';
import { AshlarError } from '../../../errors.js';
import type { Driver } from '../driver/driver.js';
import { sqliteError } from '../driver/errors.js';
import { type BareFile, openBare } from './bare.js';
import { type Content, contentOf } from './content.js';
import { keyFingerprint } from './key.js';

const unlike = (detail: string, cause?: unknown): AshlarError =>
  new AshlarError('state-conflict', {
    message: 'The copy does not hold what the database holds; it was not put in place.',
    detail,
    suggestion: 'See that nobody writes to the database, and run the command again.',
    cause,
  });

/**
 * Opens a copy as a stranger would, reads every page of it (each is authenticated by its HMAC where it is encrypted) and
 * compares it with what it was made of.
 *
 * @throws AshlarError `state-conflict`
 */
export function verified(driver: Driver, copy: BareFile, expected?: Content): FileContent {
  try {
    const database = openBare(driver, copy, 'read');
    try {
      // every page of every tree; whether indexes agree with their tables took ten times as long, and is as it was before
      const found = database.pragma('quick_check(1)', { simple: true });
      if (found !== 'ok') throw unlike(`SQLite says: ${String(found)}`);
      const content = contentOf(database);
      if (expected !== undefined && expected.digest !== content.digest)
        throw unlike('The database was written to meanwhile.');
      return { ...content, keyFingerprint: copy.key === undefined ? undefined : keyFingerprint(copy.key) };
    } finally {
      database.close();
    }
  } catch (error) {
    throw error instanceof AshlarError ? error : unlike(sqliteError(error).message, error);
  }
}

import { AshlarError } from '../../errors.js';
import type { FileContent } from '../whole-file.js';
import { type BareFile, openBare } from './bare.js';
import { type Content, contentOf } from './content.js';
import type { Driver } from './driver.js';
import { keyFingerprint } from './key.js';

/**
 * Opens a copy as a stranger would, reads every page of it (each is authenticated by its HMAC where it is encrypted) and
 * compares it with what it was made of. Throws what the driver throws.
 *
 * @throws AshlarError `state-conflict`
 */
export const verified = (driver: Driver, copy: BareFile, expected?: Content): FileContent => {
  const database = openBare(driver, copy, 'read');
  try {
    // every page of every tree; whether indexes agree with their tables took ten times as long, and is as it was before
    const found = database.pragma('quick_check(1)', { simple: true });
    const content = contentOf(database);
    if (found !== 'ok' || (expected !== undefined && expected.digest !== content.digest)) {
      throw new AshlarError('state-conflict', {
        message: 'The copy does not hold what the database holds; it was not put in place.',
        detail: found === 'ok' ? 'The database was written to meanwhile.' : `SQLite says: ${String(found)}`,
        suggestion: 'See that nobody writes to it, and run the command again.',
      });
    }
    return { ...content, keyFingerprint: copy.key === undefined ? undefined : keyFingerprint(copy.key) };
  } finally {
    database.close();
  }
};

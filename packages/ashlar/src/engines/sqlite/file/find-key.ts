import type { FoundKey } from '../../../contract/whole-file.js';
import { fileInUse } from '../driver/waiting.js';
import { openFile } from './file.js';
import { keyFingerprint, rawKey } from './key.js';
import { assertEncryptable } from './open-failure.js';
import { authenticPages } from './page-authentication.js';

/**
 * Finds which of several keys a file is encrypted with; returns `undefined` if none of them fits. Reads the pages
 * without opening the database, so that the journal of a killed process is not played back under a wrong key.
 *
 * @throws AshlarError `key-invalid`, `database-missing`, `database-not-encrypted`; `database-locked` while this process has
 *   the file open
 */
export async function findKey(
  path: string,
  keys: Readonly<Record<string, string>>,
): Promise<FoundKey | undefined> {
  const file = openFile(path, false);
  try {
    if (file.shared) throw fileInUse(file.path);
    assertEncryptable(file);
    for (const [name, key] of Object.entries(keys)) {
      const raw = await rawKey(key, file.header);
      if (authenticPages(file.path, raw)) return { name, fingerprint: keyFingerprint(raw) };
    }
    return undefined;
  } finally {
    file.close();
  }
}

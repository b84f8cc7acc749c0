import type { FoundKey } from '../../../contract/whole-file.js';
import { fileInUse } from '../driver/waiting.js';
import { openFile } from './file.js';
import { keyFingerprint, rawKey } from './key.js';
import { assertEncryptable } from './open-failure.js';
import { authenticPages } from './page-authentication.js';

/**
 * Which of several keys a file is encrypted with, by name; `undefined` when none. Looks at its pages and opens nothing, so
 * that a journal a killed process has left is not played back under a wrong key.
 *
 * @throws AshlarError `key-invalid`, `database-missing`, `database-not-encrypted`; `database-locked` while this process has
 *   it open
 */
export const findKey = async (
  path: string,
  keys: Readonly<Record<string, string>>,
): Promise<FoundKey | undefined> => {
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
};

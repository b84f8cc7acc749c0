import { MasterKeys } from '../encryption/index.js';
import { AshlarError } from '../errors.js';
import { type ColumnKeys, reveal, settings } from '../settings/index.js';

/**
 * The master keys of encrypted columns, given or from the settings.
 *
 * @returns a function that finds them; it throws AshlarError `key-missing` where there are none
 */
export function masterKeys(given: ColumnKeys | undefined): () => MasterKeys {
  // found on first use of an encrypted column: migrations need no key
  const parsed = ({ current, old = [] }: ColumnKeys): MasterKeys =>
    new MasterKeys({ current: reveal(current), old: old.map(reveal) });
  let masters = given && parsed(given);
  return () => {
    const found = masters ?? settings().columnKeys;
    if (!found) {
      throw new AshlarError('key-missing', {
        message: 'There is no key for encrypted columns.',
        suggestion: 'Set COLUMN_KEY (VERSION:KEY), or give connect(…) columnKeys.',
      });
    }
    masters = found instanceof MasterKeys ? found : parsed(found);
    return masters;
  };
}

import { MasterKeys } from '../encryption/index.js';
import { AshlarError } from '../errors.js';
import { type ColumnKeys, reveal, settings } from '../settings/index.js';

/**
 * Returns the master keys of encrypted columns: the given keys, or else the keys in the settings.
 *
 * @returns a function that returns them; it throws AshlarError `key-missing` when none are set
 */
export function masterKeys(given: ColumnKeys | undefined): () => MasterKeys {
  // read on first use of an encrypted column: migrations need no key
  const parsed = ({ current, old = [] }: ColumnKeys): MasterKeys =>
    new MasterKeys({ current: reveal(current), old: old.map(reveal) });
  let masters = given && parsed(given);
  return () => {
    const found = masters ?? settings().columnKeys;
    if (!found) {
      throw new AshlarError('key-missing', {
        message: 'No key for encrypted columns is set.',
        suggestion: 'Set COLUMN_KEY (VERSION:KEY), or pass columnKeys to connect(…).',
      });
    }
    masters = found instanceof MasterKeys ? found : parsed(found);
    return masters;
  };
}

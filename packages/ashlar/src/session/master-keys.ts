import type { Engine } from '../contract/engine.js';
import { type Encryption, KeyringSql, MasterKeys } from '../encryption/index.js';
import { AshlarError } from '../errors.js';
import { type ColumnKeys, reveal, settings } from '../settings/index.js';

const masterKeys = (given: ColumnKeys | undefined): (() => MasterKeys) => {
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
};

/**
 * Returns the master keys of encrypted columns, which are the given keys or else those in the settings, and the statements
 * that read and write the keyrings of a database. Without any key, the first use of the keys is AshlarError `key-missing`.
 */
export function encryptionOf(engine: Engine, given: ColumnKeys | undefined): Encryption {
  return { masters: masterKeys(given), sql: new KeyringSql(engine.dialect.name) };
}

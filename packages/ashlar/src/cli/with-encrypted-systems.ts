import { AshlarError } from '../errors.js';
import { connect } from '../session/connect.js';
import type { Database } from '../session/database.js';
import type { System } from '../system/system.js';
import { assertInitialised } from './assert-initialised.js';
import type { Invocation } from './invocation.js';

const hasEncryptedColumns = (system: System): boolean =>
  Object.values(system.tables).some(({ facts }) => facts.encryption !== undefined);

/**
 * Opens the database of each system that has ciphered columns, with the keys of columns, and gives it to `work`.
 *
 * @throws AshlarError `usage` where no system has any, `key-missing`, `migration-pending`
 */
export const withEncryptedSystems = async <T>(
  invocation: Invocation,
  work: (db: Database) => Promise<T>,
): Promise<T[]> => {
  const systems = (await invocation.systems()).filter(hasEncryptedColumns);
  if (systems.length === 0) {
    throw new AshlarError('usage', {
      message: 'There is no ciphered column.',
      suggestion: 'Declare one with ciphertext(…) and encrypted(…), or name another system with --system.',
    });
  }
  const columnKeys = invocation.columnKeys();
  if (!columnKeys) {
    throw new AshlarError('key-missing', {
      message: 'There is no key for ciphered columns.',
      suggestion: 'Set COLUMN_KEY (VERSION:KEY) or COLUMN_KEY_FILE.',
    });
  }
  const results: T[] = [];
  for (const system of systems) {
    const db = await connect(system, { ...(await invocation.target('app')), create: false, columnKeys });
    try {
      await assertInitialised(db.engine, system);
      results.push(await work(db));
    } finally {
      await db.close();
    }
  }
  return results;
};

import { AshlarError } from '../errors.js';
import type { Database } from '../session/database.js';
import type { System } from '../system/system.js';
import type { Invocation } from './invocation.js';
import { withDatabase } from './with-database.js';

const hasEncryptedColumns = (system: System): boolean =>
  Object.values(system.tables).some(({ facts }) => facts.encryption !== undefined);

/**
 * For each system with encrypted columns, opens the database with the column keys, and passes it to `work`.
 *
 * @throws AshlarError `usage` where no system has encrypted columns; `key-missing`, `migration-pending`
 */
export async function withEncryptedSystems<T>(
  invocation: Invocation,
  work: (db: Database) => Promise<T>,
): Promise<T[]> {
  const systems = (await invocation.systems()).filter(hasEncryptedColumns);
  if (systems.length === 0) {
    throw new AshlarError('usage', {
      message: 'No system has encrypted columns.',
      suggestion: 'Declare one with ciphertext(…) and encrypted(…), or name another system with --system.',
    });
  }
  const columnKeys = invocation.columnKeys();
  if (!columnKeys) {
    throw new AshlarError('key-missing', {
      message: 'Encrypted columns cannot be opened without a key.',
      suggestion: 'Set COLUMN_KEY (VERSION:KEY) or COLUMN_KEY_FILE.',
    });
  }
  const results: T[] = [];
  for (const system of systems) results.push(await withDatabase(invocation, system, columnKeys, work));
  return results;
}

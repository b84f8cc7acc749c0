import type { TableFacts } from '../contract/table.js';
import { AshlarError } from '../errors.js';
import type { Table, Tables } from '../model/index.js';
import type { Database } from '../session/database.js';

/** Lists the tables of a system that have encrypted columns. */
export function encryptedTables<T extends Tables>({ system }: Database<T>): readonly Table[] {
  return Object.values<Table>(system.tables).filter((table) => table.facts.encryption);
}

/** Lists the keyrings that the tables of a system use. @throws AshlarError `usage` if there is none */
export function keyringsOf<T extends Tables>(db: Database<T>): readonly TableFacts[] {
  const found = [
    ...new Set(
      encryptedTables(db).flatMap(({ facts: { encryption } }) => (encryption ? [encryption.keys] : [])),
    ),
  ];
  if (found.length > 0) return found;
  throw new AshlarError('usage', {
    message: `The system ${db.system.name} has no encrypted column.`,
    suggestion: 'Declare an encrypted column with ciphertext(…) and the guarantee encrypted(…).',
  });
}

import type { BulkTable } from '../../../contract/bulk.js';
import type { Owner } from '../../../contract/owner.js';
import { identifier, literal } from '../../../model/index.js';

/** Sets the next numbers of the columns whose numbers the database gives. */
export async function setGenerators(
  owner: Owner,
  tables: readonly BulkTable[],
  next: ReadonlyMap<string, bigint>,
): Promise<void> {
  for (const table of tables) {
    const number = next.get(table.name);
    const column = table.columns.find(({ generated }) => generated === 'identity');
    if (number === undefined || !column) continue;
    const sequence = `pg_get_serial_sequence(${literal(identifier(table.name))}, ${literal(column.name)})`;
    await owner.run(`SELECT setval(${sequence}, ${number}, false)`);
  }
}

import type { BulkTable } from '../../../contract/bulk.js';
import type { Owner } from '../../../contract/owner.js';
import { identifier, literal } from '../../../model/index.js';
import type { DriverDatabase } from '../driver/driver.js';

/** Reads the next number of each table's identity column: a number of a deleted row is not given again. */
export function generators(
  database: DriverDatabase,
  tables: readonly BulkTable[],
): ReadonlyMap<string, bigint> {
  const next = new Map<string, bigint>();
  const hasSequences =
    database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'").get() !== undefined;
  for (const table of tables) {
    const column = table.columns.find(({ generated }) => generated === 'identity');
    if (!column) continue;
    const largest = database
      .prepare(`SELECT max(${identifier(column.name)}) FROM ${identifier(table.name)}`)
      .pluck()
      .safeIntegers(true)
      .get() as bigint | null;
    const given = hasSequences
      ? (database
          .prepare('SELECT seq FROM sqlite_sequence WHERE name = ?')
          .pluck()
          .safeIntegers(true)
          .get(table.name) as bigint | undefined)
      : undefined;
    const last = [largest ?? 0n, given ?? 0n].reduce((a, b) => (a > b ? a : b));
    next.set(table.name, last + 1n);
  }
  return next;
}

/** Sets the next numbers of the columns whose numbers the database gives. */
export async function setGenerators(
  owner: Owner,
  tables: readonly BulkTable[],
  next: ReadonlyMap<string, bigint>,
): Promise<void> {
  for (const { name } of tables) {
    const number = next.get(name);
    if (number === undefined) continue;
    await owner.run(`DELETE FROM sqlite_sequence WHERE name = ${literal(name)}`);
    await owner.run(`INSERT INTO sqlite_sequence (name, seq) VALUES (${literal(name)}, ${number - 1n})`);
  }
}

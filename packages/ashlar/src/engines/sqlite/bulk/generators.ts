import type { TableFacts } from '../../../contract/table.js';
import { identifier } from '../../../model/index.js';
import type { DriverDatabase } from '../driver/driver.js';

/** Reads the next number of each table's identity column: a number of a deleted row is not given again. */
export function generators(
  database: DriverDatabase,
  tables: readonly TableFacts[],
): ReadonlyMap<string, bigint> {
  const next = new Map<string, bigint>();
  const hasSequences =
    database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'").get() !== undefined;
  for (const table of tables) {
    const column = Object.values(table.columns).find(({ generated }) => generated === 'identity');
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

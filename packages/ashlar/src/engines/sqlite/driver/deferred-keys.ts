import type { Reported } from '../../declared-facts.js';
import type { DriverDatabase } from './driver.js';

/** A foreign key that rows violate, and the table that it refers to. */
export interface ViolatedKey extends Reported {
  readonly target: string | undefined;
}

interface Row {
  readonly [column: string]: unknown;
}

/**
 * Finds a deferred foreign key that the open transaction leaves violated; SQLite does not say which one makes COMMIT fail.
 * Only tables with deferred foreign keys are searched, because a search reads all of their rows.
 */
export function violatedDeferredKey(database: DriverDatabase): ViolatedKey | undefined {
  const all = (sql: string, ...parameters: readonly unknown[]): Row[] =>
    database.prepare<unknown[], Row>(sql).all(parameters as unknown[]);
  const tables = all("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%DEFERRED%'");
  for (const { name } of tables) {
    const [row] = all('SELECT fkid FROM pragma_foreign_key_check(?) LIMIT 1', name);
    if (!row) continue;
    const parts = all(
      'SELECT "from", "table" FROM pragma_foreign_key_list(?) WHERE id = ? ORDER BY seq',
      name,
      row.fkid,
    );
    const target = parts[0]?.table;
    return {
      table: String(name),
      columns: parts.map(({ from }) => String(from)),
      target: target === undefined ? undefined : String(target),
    };
  }
  return undefined;
}

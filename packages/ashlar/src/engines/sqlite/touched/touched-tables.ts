import type { Column } from '../../../contract/column.js';
import type { GuardedTable } from '../../../contract/guarantee.js';
import { identifier, timestampText, touchedColumns } from '../../../model/index.js';
import { now } from '../schema/column-sql.js';

/**
 * The SQL function that returns the time of the session's clock, with the given number of fractional digits; NULL if
 * the session has no clock of its own.
 */
export const clockFunction = 'ashlar_clock';

/** Returns the time of a session's clock in the form of a timestamp column with `precision` fractional digits. */
export function clockTime(time: string | null, precision: unknown): string | null {
  return time === null ? null : timestampText(time, precision === 6 ? 6 : 3);
}

const assignment = ({ name, precision }: Column): string =>
  `${identifier(name)} = coalesce(${clockFunction}(${precision}), ${now(precision)})`;

/** The registered tables with `updatedAt()` columns. */
export class TouchedTables {
  readonly #assignments = new Map<string, string>();

  register(tables: readonly GuardedTable[]): void {
    for (const table of tables) {
      const columns = touchedColumns(table);
      if (columns.length > 0) this.#assignments.set(table.name, columns.map(assignment).join(', '));
    }
  }

  /** Whether no registered table has such a column. */
  get empty(): boolean {
    return this.#assignments.size === 0;
  }

  /** Returns the assignments that set a table's `updatedAt()` columns to the current time. */
  assignments(table: string): string | undefined {
    return this.#assignments.get(table);
  }
}

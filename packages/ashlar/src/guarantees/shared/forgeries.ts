import type { Probe } from '../../contract/attack.js';
import type { TableFacts } from '../../contract/table.js';
import { literal } from '../../model/index.js';
import { type Draft, insertRow, refused } from './attacks.js';

/**
 * INSERT statements by the application that set a column that only the database may set, from its clock. None on
 * SQLite, which has no roles.
 */
export function clockForgeries(
  table: TableFacts,
  probe: Probe,
  columns: readonly string[],
): readonly Draft[] {
  return probe.dialect !== 'postgres'
    ? []
    : columns.map((column) => {
        const digits = table.columns[column]?.precision === 6 ? '000Z' : 'Z';
        const time = literal(`2001-01-01T00:00:00.000${digits}`);
        return refused(`forging ${column}`, insertRow(table.name, { ...probe.fresh, [column]: time }));
      });
}

import type { Column } from '../contract/column.js';
import type { TableFacts } from '../contract/table.js';
import { checkedValue } from './column-value.js';
import { columnsWhere } from './columns-where.js';

const generatingColumns = columnsWhere(({ generate }) => generate !== undefined);

const generatedValue = (column: Column): unknown => {
  const value = column.generate?.();
  // a UUID needs no check
  return column.generated === 'uuid' ? value : checkedValue(column, value);
};

/**
 * Fills in the values of a row that this process generates and that the row omits: those of `id()` and of
 * `generated(type, …)`. The values of the row, in the application's form, are changed.
 *
 * @throws AshlarError `value-invalid`, `value-unstorable` if a function returns a value that its column refuses
 */
export function fillGenerated(table: TableFacts, values: Record<string, unknown>): void {
  for (const column of generatingColumns(table))
    if (values[column.property] === undefined) values[column.property] = generatedValue(column);
}

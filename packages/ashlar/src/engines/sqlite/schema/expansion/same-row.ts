import type { TableFacts } from '../../../../contract/table.js';
import { identifier } from '../../../../model/index.js';

/** The condition of the row for which a trigger fires. */
export function ofSameRow({ primaryKey }: TableFacts): string {
  return primaryKey.columns
    .map((column) => `${identifier(column)} = NEW.${identifier(column)}`)
    .join(' AND ');
}

import { identifier } from '../../model/index.js';

/**
 * The names of the columns that `versioned` uses. `touched`: set by every update, and so when a version stops being
 * current.
 */
export interface VersionedColumns {
  readonly id: string;
  readonly key: readonly string[];
  /** The column of the scope; `undefined` if the table has none. */
  readonly scope: string | undefined;
  readonly version: string;
  readonly current: string;
  readonly previous: string;
  readonly touched: readonly string[];
}

/**
 * The SQL condition that a row of the table belongs to the same chain of versions as another: to its key and scope.
 *
 * @param row - the other row: `NEW`, or the alias of a table
 * @param own - what stands before the columns of the row: nothing, or an alias with a dot
 */
export function sameChain({ key, scope }: VersionedColumns, row: string, own = ''): string {
  const same = key.map((column) => `${own}${identifier(column)} = ${row}.${identifier(column)}`);
  // the triggers see the rows of every scope
  const inScope =
    scope === undefined || key.includes(scope)
      ? []
      : [`${own}${identifier(scope)} IS NOT DISTINCT FROM ${row}.${identifier(scope)}`];
  return [...same, ...inScope].join(' AND ');
}

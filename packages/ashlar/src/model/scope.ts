import type { Column } from './column.js';
import { storageProblem } from './storable.js';
import type { Table } from './table.js';

/** The column that says whose row it is, where a guarantee of the table keeps each session to the rows of its scope. */
export const scopeColumn = (table: Table): Column | undefined =>
  table.guarantees.find(({ scopedBy }) => scopedBy !== undefined)?.scopedBy;

/**
 * A value of a scope column as it is compared with the bounds of a session's scope. Where it may be NULL the row is
 * nobody's, and stands at '': no scope is that text, and the range of every scope begins with it.
 */
export const scopeValue = ({ nullable }: Column, value: string): string =>
  nullable ? `coalesce(${value}, '')` : value;

/** Whether a row could be of that scope: it is the one text of a value that the column holds. */
export const isScopeOf = (column: Column, scope: string): boolean => {
  const value = column.kind === 'integer' ? Number(scope) : scope;
  return (
    String(value) === scope &&
    column.stored.safeParse(value).success &&
    storageProblem(column, value) === undefined
  );
};

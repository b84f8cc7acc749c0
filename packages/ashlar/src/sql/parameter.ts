import type { SqlName } from '../contract/sql.js';

/** Returns the place of a parameter in a statement. @param position - from 1, in the order of the parameters */
export function parameter(dialect: SqlName, position: number): string {
  return dialect === 'postgres' ? `$${position}` : '?';
}

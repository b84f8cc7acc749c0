import type { TableFacts } from '../contract/table.js';
import { identifier } from '../model/index.js';

/** The columns of a table in RETURNING, each under its property. */
export function returnedColumns({ columns }: TableFacts): string {
  return Object.values(columns)
    .map(({ name, property }) =>
      name === property ? identifier(name) : `${identifier(name)} AS ${identifier(property)}`,
    )
    .join(', ');
}

import type { Column } from '../contract/column.js';
import type { TableFacts } from '../contract/table.js';
import { columnFromZod } from './column-from-zod.js';
import { invalidTable } from './invalid-table.js';
import { assertColumnName, assertProperty, foldedName } from './names.js';
import type { Naming } from './naming.js';
import type { Shape } from './shape.js';

/**
 * Makes the columns of a table or a view: by their names in the database, and without being listed by their properties.
 *
 * @param owner - the name of the table or view
 * @param naming - gives a name in the database to each column that declares none
 * @throws AshlarError `table-invalid`, `column-type-unsupported`
 */
export function columnMap(owner: string, shape: Shape, naming: Naming): TableFacts['columns'] {
  const all = Object.entries(shape).map(([property, type]) => {
    assertProperty(owner, property);
    const column = columnFromZod(owner, property, type, naming);
    assertColumnName(owner, column.name);
    return column;
  });
  assertApart(owner, all);
  const columns = Object.fromEntries(all.map((column) => [column.name, column]));
  for (const column of all)
    if (column.property !== column.name) Object.defineProperty(columns, column.property, { value: column });
  return columns;
}

// an engine, or an alias in a query, would take one of them for the other
const assertApart = (owner: string, all: readonly Column[]): void => {
  const taken = new Map<string, Column>();
  for (const column of all) {
    for (const name of new Set([column.name, column.property].map(foldedName))) {
      const other = taken.get(name);
      if (other)
        throw invalidTable(
          owner,
          `the columns ${described(other)} and ${described(column)} have one name.`,
          'Give one of them another name; upper and lower case do not tell names apart, nor do TypeScript and the database.',
        );
      taken.set(name, column);
    }
  }
};

const described = ({ name, property }: Column): string =>
  name === property ? name : `${property} ("${name}" in the database)`;

/** Returns the column that has this property; names of the database do not count. */
export function columnOf({ columns }: Pick<TableFacts, 'columns'>, property: string): Column | undefined {
  const column = Object.hasOwn(columns, property) ? columns[property] : undefined;
  return column?.property === property ? column : undefined;
}

/** Returns the properties of columns that are given by their names in the database. */
export function propertiesOf({ columns }: Pick<TableFacts, 'columns'>, names: readonly string[]): string[] {
  return names.map((name) => columns[name]?.property ?? name);
}

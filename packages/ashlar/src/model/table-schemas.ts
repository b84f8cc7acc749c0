import { z } from 'zod';
import type { Column } from '../contract/column.js';
import type { TableFacts } from '../contract/table.js';
import { withMetadataOf } from './column-schema.js';
import { withDefault } from './default-value.js';
import { writtenColumns } from './generated-columns.js';
import type { InsertShape, RowShape, Shape, UpdateShape } from './shape.js';

const hasDefault = ({ plaintext, default: value }: Column): boolean =>
  (plaintext ? plaintext.default : value) !== undefined;

const insertType = (column: Column): z.ZodType => {
  const { schema, declared } = column;
  if (column.generated) return schema.optional();
  if (hasDefault(column)) return withMetadataOf(declared, withDefault(column, schema));
  return column.nullable ? schema.default(null as never) : schema;
};

/** The Zod schemas of a table: for a stored row, for a row to insert, and for the values of an update. */
export interface TableSchemas<S extends Shape, Key extends string = string> {
  readonly row: z.ZodObject<RowShape<S>, z.core.$strict>;
  readonly insert: z.ZodObject<InsertShape<S>, z.core.$strict>;
  readonly update: z.ZodObject<UpdateShape<S, Key>, z.core.$strict>;
}

/** Builds the Zod schemas of a table from the schemas of its columns. */
export function tableSchemas<S extends Shape, Key extends string>(
  columns: TableFacts['columns'],
  primaryKey: readonly string[],
): TableSchemas<S, Key> {
  const all = Object.values(columns);
  const written = writtenColumns({ columns });
  const object = (chosen: readonly Column[], type: (column: Column) => z.ZodType) =>
    z.strictObject(Object.fromEntries(chosen.map((column) => [column.property, type(column)])));
  return {
    row: object(all, ({ schema }) => schema),
    insert: object(
      written.filter(({ generated }) => generated !== 'identity'),
      insertType,
    ),
    update: object(
      written.filter(({ name }) => !primaryKey.includes(name)),
      ({ schema }) => schema.optional(),
    ),
  } as unknown as TableSchemas<S, Key>;
}

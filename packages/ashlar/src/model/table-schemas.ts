import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import type { Column } from '../contract/column.js';
import type { TableFacts } from '../contract/table.js';
import type { InsertOf, RowOf, Shape, UpdateOf } from './shape.js';
import { storageProblem } from './storable.js';

const insertType = (column: Column): z.ZodType => {
  if (column.generated === 'uuid') return column.declared.default(() => uuidv7() as never);
  if (column.generated) return column.declared.optional();
  if (column.nullable && column.declared.def.type === 'nullable' && column.default === undefined) {
    return column.declared.default(null as never);
  }
  return column.declared;
};

type Values = Readonly<Record<string, unknown>>;

const refuseUnstorable =
  (columns: readonly Column[]) =>
  (row: unknown, context: z.core.$RefinementCtx): void => {
    if (typeof row !== 'object' || row === null) return;
    for (const column of columns) {
      const value = (row as Values)[column.name];
      const problem = value === undefined ? undefined : storageProblem(column, value);
      if (problem) {
        context.addIssue({
          code: 'custom',
          path: [column.name],
          message: problem,
          params: { storage: true },
        });
      }
    }
  };

// JSON is checked before Zod parses it, since Zod rebuilds it and drops some keys; other values after, as they are stored
const storable = (columns: TableFacts['columns'], schema: z.ZodType): z.ZodType => {
  const all = Object.values(columns);
  const isJson = (column: Column) => (column.plaintext ?? column).kind === 'json';
  const json = all.filter(isJson);
  const checked = schema.superRefine(refuseUnstorable(all.filter((column) => !isJson(column))));
  return json.length === 0 ? checked : z.unknown().superRefine(refuseUnstorable(json)).pipe(checked);
};

/** The Zod schemas of a table: for a stored row, for a row to insert, and for the values of an update. */
export interface TableSchemas<S extends Shape> {
  readonly row: z.ZodType<RowOf<S>>;
  readonly insert: z.ZodType<InsertOf<S>, InsertOf<S>>;
  readonly update: z.ZodType<UpdateOf<S>, UpdateOf<S>>;
}

/**
 * Builds the Zod schemas of a table from its columns. Those for writing refuse values that an engine could not return
 * identically.
 */
export function tableSchemas<S extends Shape>(
  columns: TableFacts['columns'],
  primaryKey: readonly string[],
): TableSchemas<S> {
  const all = Object.values(columns);
  const object = (chosen: Column[], type: (column: Column) => z.ZodType) =>
    z.strictObject(Object.fromEntries(chosen.map((column) => [column.name, type(column)])));
  const updatable = all.filter((column) => !primaryKey.includes(column.name));
  return {
    row: object(all, (column) => column.stored) as z.ZodType<RowOf<S>>,
    insert: storable(columns, object(all, insertType)) as z.ZodType<InsertOf<S>, InsertOf<S>>,
    update: storable(
      columns,
      object(updatable, (column) => column.stored.optional()),
    ) as z.ZodType<UpdateOf<S>, UpdateOf<S>>,
  };
}

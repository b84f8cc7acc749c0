import type { Schema, SchemaTable } from '../../contract/schema.js';
import { functionKey, keysOf, objectKey, otherKey } from './keys.js';

/** The part of a database's schema that is compared with the steps: without what was made by hand and lifts nothing. */
export function withoutHarmless(real: Schema, expected: Schema, lifting: ReadonlySet<string>): Schema {
  const known = keysOf(expected);
  const isCompared = (key: string): boolean => known.has(key) || lifting.has(key);
  const tables = new Set(expected.tables.map(({ name }) => name));
  const made = new Map(expected.tables.map((table) => [table.name, table]));
  const part = (table: SchemaTable): SchemaTable => ({
    ...withoutOtherComments(table, made.get(table.name)),
    indexes: table.indexes.filter(({ name }) => isCompared(objectKey('index', name))),
    triggers: table.triggers.filter(({ name }) => isCompared(objectKey('trigger', name, table.name))),
    ...(table.rowSecurity && {
      rowSecurity: {
        ...table.rowSecurity,
        policies: table.rowSecurity.policies.filter(({ name }) =>
          isCompared(objectKey('policy', name, table.name)),
        ),
      },
    }),
  });
  return {
    tables: real.tables.filter(({ name }) => tables.has(name)).map(part),
    functions: real.functions.filter((each) => isCompared(functionKey(each.name))),
    objects: real.objects.filter((each) => isCompared(otherKey(each))),
  };
}

/** Leaves out comments where the steps make none: a person may describe what the declaration does not. */
const withoutOtherComments = (real: SchemaTable, made: SchemaTable | undefined): SchemaTable => {
  const { comment, ...table } = real;
  const commented = new Set(
    made?.columns.flatMap((column) => (column.comment === undefined ? [] : [column.name])),
  );
  return {
    ...table,
    ...(comment === undefined || made?.comment === undefined ? {} : { comment }),
    columns: table.columns.map(({ comment: own, ...column }) => ({
      ...column,
      ...(own === undefined || !commented.has(column.name) ? {} : { comment: own }),
    })),
  };
};

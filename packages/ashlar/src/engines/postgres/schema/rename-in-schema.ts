import type { Renames } from '../../../contract/dialect.js';
import type { Schema, SchemaObject, SchemaTable } from '../../../contract/schema.js';
import { codeOf, nameOf, replaceNames } from '../../../sql/code.js';

/** before → now */
type Names = ReadonlyMap<string, string>;

const renamed = (sql: string, names: Names): string =>
  replaceNames(sql, 'postgres', (name) => names.get(name));

const renameConstraint = (definition: string, own: Names, all: ReadonlyMap<string, Names>): string => {
  const tokens = codeOf(definition, 'postgres');
  const at = tokens.findIndex(({ word }) => word === 'REFERENCES');
  const target = tokens[at + 1];
  const close = tokens.find(({ text, start }) => target && text === ')' && start > target.end);
  if (at < 0 || !target || !close) return renamed(definition, own);
  const theirs = all.get(nameOf(target)) ?? new Map();
  return [
    renamed(definition.slice(0, target.start), own),
    definition.slice(target.start, target.end),
    renamed(definition.slice(target.end, close.end), theirs),
    renamed(definition.slice(close.end), own),
  ].join('');
};

const renameTable = (table: SchemaTable, all: ReadonlyMap<string, Names>): SchemaTable => {
  const own: Names = all.get(table.name) ?? new Map();
  const object = ({ name, definition }: SchemaObject): SchemaObject => ({
    name,
    definition: renamed(definition, own),
  });
  return {
    ...table,
    columns: table.columns.map((column) => ({
      ...column,
      name: own.get(column.name) ?? column.name,
      // the expression of a generated column
      rest: renamed(column.rest, own),
    })),
    constraints: table.constraints.map(({ name, definition }) => ({
      name,
      definition: renameConstraint(definition, own, all),
    })),
    indexes: table.indexes.map(object),
    triggers: table.triggers.map(object),
    options: renamed(table.options, own),
    ...(table.rowSecurity && {
      rowSecurity: { ...table.rowSecurity, policies: table.rowSecurity.policies.map(object) },
    }),
  };
};

/**
 * Renames columns in a described schema as the server does: in every definition except the definitions of functions.
 */
export function renameInSchema(schema: Schema, renames: Renames): Schema {
  const all = new Map<string, Names>(
    Object.entries(renames).map(([table, columns]) => [
      table,
      new Map(Object.entries(columns).map(([now, before]) => [before, now])),
    ]),
  );
  return all.size === 0
    ? schema
    : { ...schema, tables: schema.tables.map((table) => renameTable(table, all)) };
}

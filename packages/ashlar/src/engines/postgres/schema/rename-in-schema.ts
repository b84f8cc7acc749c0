import type { Renames } from '../../../contract/dialect.js';
import type { Schema, SchemaObject, SchemaTable } from '../../../contract/schema.js';
import { identifier } from '../../../model/index.js';

// string literals, quoted names, words
const tokens = /'(?:[^']|'')*'|"(?:[^"]|"")*"|[a-z_][a-z0-9_$]*/gi;

/** before → now */
type Names = ReadonlyMap<string, string>;

const renameTokens = (sql: string, names: Names): string =>
  sql.replace(tokens, (token) => {
    const now = names.get(token.startsWith('"') ? token.slice(1, -1) : token);
    return now === undefined ? token : identifier(now);
  });

const reference = /REFERENCES ("(?:[^"]|"")*"|\w+)\(([^)]*)\)/;

const renameConstraint = (definition: string, own: Names, all: ReadonlyMap<string, Names>): string => {
  const [whole, target = '', columns = ''] = reference.exec(definition) ?? [];
  if (!whole) return renameTokens(definition, own);
  const theirs = all.get(target.replaceAll('"', '')) ?? new Map();
  return definition
    .split(whole)
    .map((part) => renameTokens(part, own))
    .join(`REFERENCES ${target}(${renameTokens(columns, theirs)})`);
};

const renameTable = (table: SchemaTable, all: ReadonlyMap<string, Names>): SchemaTable => {
  const own: Names = all.get(table.name) ?? new Map();
  const renamed = ({ name, definition }: SchemaObject): SchemaObject => ({
    name,
    definition: renameTokens(definition, own),
  });
  return {
    ...table,
    columns: table.columns.map((column) => ({ ...column, name: own.get(column.name) ?? column.name })),
    constraints: table.constraints.map(({ name, definition }) => ({
      name,
      definition: renameConstraint(definition, own, all),
    })),
    indexes: table.indexes.map(renamed),
    triggers: table.triggers.map(renamed),
    options: renameTokens(table.options, own),
    ...(table.rowSecurity && {
      rowSecurity: { ...table.rowSecurity, policies: table.rowSecurity.policies.map(renamed) },
    }),
  };
};

/** A schema as the server will describe it once columns are renamed: it follows them everywhere but in functions. */
export const renameInSchema = (schema: Schema, renames: Renames): Schema => {
  const all = new Map<string, Names>(
    Object.entries(renames).map(([table, columns]) => [
      table,
      new Map(Object.entries(columns).map(([now, before]) => [before, now])),
    ]),
  );
  return all.size === 0
    ? schema
    : { ...schema, tables: schema.tables.map((table) => renameTable(table, all)) };
};

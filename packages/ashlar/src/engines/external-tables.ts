import type { Schema, SchemaTable } from '../contract/schema.js';

/** The fact of the catalogue that says whether the policies of another tool's table apply, to its owner too. */
export const externalSecurity = 'row security';

/** Another tool's table as it is described where nothing is put on it. */
export function bareExternal(name: string): SchemaTable {
  return {
    name,
    columns: [],
    constraints: [],
    indexes: [],
    triggers: [],
    options: '',
    rowSecurity: { enabled: false, forced: false, policies: [] },
    external: true,
  };
}

/**
 * Returns a schema that has every external table of another one: without objects where it lacks the table. A step puts
 * objects on such a table or takes them off, and neither creates nor drops it.
 */
export function withExternalOf(schema: Schema, other: Schema): Schema {
  const known = new Set(schema.tables.map(({ name }) => name));
  const lacking = other.tables.filter(({ name, external }) => external && !known.has(name));
  return lacking.length === 0
    ? schema
    : { ...schema, tables: [...schema.tables, ...lacking.map(({ name }) => bareExternal(name))] };
}

import type { SqlDialect, TableRenames } from '../contract/dialect.js';
import type { GuardedTable } from '../contract/guarantee.js';
import type { Schema, SchemaChange, SchemaObject, SchemaTable } from '../contract/schema.js';
import type { SqlName } from '../contract/sql.js';
import { identifier, sideObjects } from '../model/index.js';
import { nameOf, readCode } from '../sql/code.js';

/** previous name → current name */
type Names = ReadonlyMap<string, string>;

/**
 * Returns the function `renameTables` of a dialect: `ALTER TABLE … RENAME` is the same in both.
 *
 * @param before - the changes that come before the renames
 */
export function tableRenamer(
  dialect: SqlName,
  before: (schema: Schema, names: Names) => readonly SchemaChange[] = () => [],
): SqlDialect['renameTables'] {
  return (schema, model, renames) => {
    const names = namesOf(dialect, model, renames);
    return {
      schema: renameInSchema(schema, dialect, names),
      changes: [...before(schema, names), ...[...names].map(renameTable)],
      names,
    };
  };
}

const renameTable = ([before, now]: readonly [string, string]): SchemaChange => {
  const rename = (from: string, to: string): string =>
    `ALTER TABLE ${identifier(from)} RENAME TO ${identifier(to)}`;
  return {
    summary: `${now}: rename table ${before} to ${now}`,
    up: [rename(before, now)],
    down: [rename(now, before)],
    danger: `Programs that use the name ${before} fail from then on.`,
    rebuild: [],
  };
};

// the side tables of a guarantee are named after its table: they are the same ones, in the same order
const namesOf = (dialect: SqlName, model: readonly GuardedTable[], renames: TableRenames): Names => {
  const tables = new Map(model.map((table) => [table.name, table]));
  const sideTables = (table: GuardedTable): readonly string[] =>
    sideObjects(table, dialect).flatMap(({ type, name }) => (type === 'table' ? [name] : []));
  return new Map(
    Object.entries(renames).flatMap(([now, before]) => {
      const table = tables.get(now);
      const then = table ? sideTables(formerly(table, before)) : [];
      const pairs = (table ? sideTables(table) : []).map((name, at) => [then[at] ?? name, name] as const);
      return [[before, now] as const, ...pairs.filter(([from, to]) => from !== to)];
    }),
  );
};

/** A table as it would be declared under its previous name. */
const formerly = (table: GuardedTable, name: string): GuardedTable => ({
  ...table,
  name,
  foreignKeys: table.foreignKeys.map((key) =>
    key.target.table === table.name ? { ...key, target: { ...key.target, table: name } } : key,
  ),
});

const renameInSchema = (schema: Schema, dialect: SqlName, names: Names): Schema => {
  if (names.size === 0) return schema;
  const object = ({ name, definition }: SchemaObject): SchemaObject => ({
    name,
    definition: renamedIn(definition, dialect, names),
  });
  const renamed = (table: SchemaTable): SchemaTable => ({
    ...table,
    name: names.get(table.name) ?? table.name,
    columns: table.columns.map((column) => ({ ...column, rest: renamedIn(column.rest, dialect, names) })),
    constraints: table.constraints.map(object),
    indexes: table.indexes.map(object),
    triggers: table.triggers.map(object),
    ...(table.rowSecurity && {
      rowSecurity: { ...table.rowSecurity, policies: table.rowSecurity.policies.map(object) },
    }),
  });
  // no engine changes the body of a function
  return { ...schema, tables: schema.tables.map(renamed) };
};

const beforeTable: ReadonlySet<string> = new Set([
  'REFERENCES',
  'ON',
  'FROM',
  'JOIN',
  'INTO',
  'UPDATE',
  'TABLE',
]);

/** Replaces the names of tables in a definition; a column of the same name stays. */
const renamedIn = (sql: string, dialect: SqlName, names: Names): string => {
  let text = '';
  let from = 0;
  const tokens = [...readCode(sql, dialect)];
  for (const [at, token] of tokens.entries()) {
    const isName = token.kind === 'word' || token.kind === 'name';
    const now = isName ? names.get(nameOf(token)) : undefined;
    if (now === undefined) continue;
    if (!beforeTable.has(tokens[at - 1]?.word ?? '') && tokens[at + 1]?.text !== '.') continue;
    text += sql.slice(from, token.start) + identifier(now);
    from = token.end;
  }
  return text + sql.slice(from);
};

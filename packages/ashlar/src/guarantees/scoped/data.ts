import type { Column } from '../../contract/column.js';
import type { DataCheck, DataContext } from '../../contract/data-check.js';
import type { TableFacts } from '../../contract/table.js';
import { everyScope, identifier, literal } from '../../model/index.js';

/** Finds rows whose scope no session has, and rows that refer to a row of another scope. */
export function scopedData(table: TableFacts, column: Column, { tables }: DataContext): readonly DataCheck[] {
  const own = `t.${identifier(column.name)}`;
  const parents = table.foreignKeys.flatMap((key) => {
    const scope = tables.find(({ name }) => name === key.target.table)?.facts.scope;
    if (!scope) return [];
    const same = key.columns.map(
      (name, at) => `parent.${identifier(key.target.columns[at] ?? '')} = t.${identifier(name)}`,
    );
    return [
      {
        what: `belongs to another scope than the row of ${key.target.table} to which it refers (${key.name})`,
        bad: `EXISTS (SELECT 1 FROM ${identifier(key.target.table)} AS parent WHERE ${same.join(' AND ')} AND parent.${identifier(scope.name)} <> ${own})`,
      },
    ];
  });
  return [
    ...(column.kind === 'text' && !column.nullable
      ? [{ what: 'has the scope of no session', bad: `${own} IN ('', ${literal(everyScope)})` }]
      : []),
    ...parents,
    ...ofNoScope(table, column, tables),
  ];
}

/**
 * A table whose rows are the scopes: each row is in the scope that its own key names. Where the system has one such table, the
 * scopes of other tables are keys of it. A column that may be NULL, as of a trail, keeps scopes that are gone.
 */
const ofNoScope = (
  table: TableFacts,
  column: Column,
  tables: readonly TableFacts[],
): readonly DataCheck[] => {
  if (column.nullable || table.facts.appendOnly) return [];
  const [scopes, another] = tables.filter(
    ({ primaryKey, facts }) =>
      primaryKey.columns.length === 1 &&
      primaryKey.columns[0] === facts.scope?.name &&
      facts.scope?.kind === column.kind,
  );
  if (!scopes || another || scopes.name === table.name) return [];
  const key = identifier(scopes.primaryKey.columns[0] ?? '');
  return [
    {
      what: `has a scope that is no row of ${scopes.name}`,
      bad: `NOT EXISTS (SELECT 1 FROM ${identifier(scopes.name)} AS scopes WHERE scopes.${key} = t.${identifier(column.name)})`,
    },
  ];
};

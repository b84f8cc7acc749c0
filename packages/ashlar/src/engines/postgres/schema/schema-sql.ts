import type { SchemaColumn, SchemaObject, SchemaTable } from '../../../contract/schema.js';
import { identifier } from '../../../model/index.js';
import { sql } from '../../../sql/template.js';
import { securityOf, securitySql } from './change-security.js';
import { commentsOf } from './comments.js';
import { sequencesAfter, sequencesBefore } from './owned-sequences.js';

/** Returns the definition of a described column for CREATE TABLE. */
export function schemaColumnSql(column: SchemaColumn): string {
  return [
    identifier(column.name),
    column.type,
    ...(column.rest ? [column.rest] : []),
    ...(column.default === undefined ? [] : [`DEFAULT ${column.default}`]),
    ...(column.notNull ? ['NOT NULL'] : []),
  ].join(' ');
}

const constraintSql = ({ name, definition }: SchemaObject): string =>
  `CONSTRAINT ${identifier(name)} ${definition}`;

/** Returns the CREATE TABLE statement of a described table, without its indexes and triggers. */
export function schemaTableSql(table: SchemaTable): string {
  const lines = [...table.columns.map(schemaColumnSql), ...table.constraints.map(constraintSql)];
  // not indented further: the server's descriptions of several lines are dumped as they are
  return sql`
    CREATE TABLE ${identifier(table.name)} (
    ${lines.map((line) => `  ${line}`).join(',\n')}
    )${table.options ? ` ${table.options}` : ''}
  `;
}

/** Returns the statements that enable row-level security on a described table and create its policies. */
export function securityStatements(table: SchemaTable): readonly string[] {
  const security = securityOf(table);
  const off = { enabled: false, forced: false, policies: [] };
  return [...securitySql(table, off, security), ...security.policies.map(({ definition }) => definition)];
}

/**
 * Returns the statements that create a described table again, with all its objects. The functions of its triggers must
 * exist.
 */
export function recreateTable(table: SchemaTable): readonly string[] {
  return [
    ...sequencesBefore(table),
    schemaTableSql(table),
    ...sequencesAfter(table),
    ...table.indexes.map(({ definition }) => definition),
    ...commentsOf(table),
    ...securityStatements(table),
    ...table.triggers.map(({ definition }) => definition),
  ];
}

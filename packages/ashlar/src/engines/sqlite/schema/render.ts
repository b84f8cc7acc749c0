import type { Schema, SchemaColumn, SchemaTable } from '../../../contract/schema.js';
import { identifier } from '../../../model/index.js';
import { codeOf, findWords, line } from '../../../sql/code.js';
import { neededFirst } from '../../object-changes.js';
import { type ColumnParts, tableText } from './layout.js';

/** Splits an introspected column into the parts of its definition. */
export function columnParts(column: SchemaColumn): ColumnParts {
  const { before, check } = splitCheck(column.rest);
  const rules = [
    before,
    column.notNull ? 'NOT NULL' : '',
    column.default === undefined ? '' : `DEFAULT ${column.default}`,
  ];
  return { name: identifier(column.name), type: column.type, rules: rules.filter(Boolean).join(' '), check };
}

// keys and collations are written in the column's line; its CHECK may take separate lines
const splitCheck = (rest: string): { before: string; check: string } => {
  const list = codeOf(rest, 'sqlite');
  const word = findWords(list, 'CHECK');
  if (word < 0) return { before: rest, check: '' };
  const start = list[word - 2]?.word === 'CONSTRAINT' ? word - 2 : word;
  return { before: line(list.slice(0, start)), check: line(list.slice(start)) };
};

/** Generates the CREATE TABLE statement of an introspected table, with the given table name. */
export function renderTable(table: SchemaTable, name = table.name): string {
  return tableText(
    identifier(name),
    table.columns.map(columnParts),
    table.constraints.map(({ name: constraint, definition }) =>
      constraint === definition ? definition : `CONSTRAINT ${identifier(constraint)} ${definition}`,
    ),
    table.options,
  );
}

/**
 * Generates the statements that create an introspected table with its indexes and triggers; the statements do not end
 * with semicolons.
 */
export function renderWhole(table: SchemaTable): string[] {
  return [renderTable(table), ...[...table.indexes, ...table.triggers].map(({ definition }) => definition)];
}

const byName = <T extends { readonly name: string }>(objects: readonly T[]): T[] =>
  [...objects].sort((a, b) => (a.name < b.name ? -1 : 1));

/** Generates the SQL text of a schema: its tables ordered by name, then views and virtual tables. */
export function dump(schema: Schema): string {
  return [
    ...byName(schema.tables).map((table) =>
      renderWhole({ ...table, indexes: byName(table.indexes), triggers: byName(table.triggers) }),
    ),
    ...neededFirst(byName(schema.objects)).map(({ definition }) => [definition]),
  ]
    .map((statements) => statements.map((statement) => `${statement};\n`).join(''))
    .join('\n');
}

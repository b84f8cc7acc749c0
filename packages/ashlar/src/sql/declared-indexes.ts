import type { SqlName } from '../contract/sql.js';
import type { ExpressionIndex, Index, TableFacts } from '../contract/table.js';
import { identifier } from '../model/index.js';
import { mentions } from './code.js';

/** An index of a table, in the form that both kinds of declared index share. */
const allOf = ({
  indexes,
  expressionIndexes,
}: Pick<TableFacts, 'indexes' | 'expressionIndexes'>): readonly ExpressionIndex[] => [
  ...indexes.map(({ columns, ...index }: Index) => ({ ...index, parts: columns, using: undefined })),
  ...expressionIndexes,
];

/** Returns the name and the CREATE INDEX statement of each declared index of a table. */
export function declaredIndexes(
  table: Pick<TableFacts, 'name' | 'indexes' | 'expressionIndexes'>,
  dialect: SqlName,
): readonly { readonly name: string; readonly sql: string }[] {
  return allOf(table).map(({ name, parts, unique, where, using }) => {
    const method = using === undefined || dialect === 'sqlite' ? '' : `USING ${using} `;
    const list = parts.map((part) => (typeof part === 'string' ? identifier(part) : `(${part[dialect]})`));
    const rows = where === undefined ? '' : ` WHERE ${where[dialect]}`;
    const kind = unique ? 'UNIQUE INDEX' : 'INDEX';
    return {
      name,
      sql: `CREATE ${kind} ${identifier(name)} ON ${identifier(table.name)} ${method}(${list.join(', ')})${rows}`,
    };
  });
}

/** Returns the columns of a table that an index over expressions has or names. */
export function columnsIn(table: Pick<TableFacts, 'columns'>, { parts }: ExpressionIndex): readonly string[] {
  return Object.keys(table.columns).filter((name) =>
    parts.some((part) =>
      typeof part === 'string' ? part === name : mentions(part.postgres, name, 'postgres'),
    ),
  );
}

/** Returns the unique indexes over expressions of a table. */
export function uniqueExpressions({
  expressionIndexes,
}: Pick<TableFacts, 'expressionIndexes'>): readonly ExpressionIndex[] {
  return expressionIndexes.filter(({ unique }) => unique);
}

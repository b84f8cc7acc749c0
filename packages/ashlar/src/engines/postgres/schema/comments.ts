import type { Column } from '../../../contract/column.js';
import type { SchemaChange, SchemaTable } from '../../../contract/schema.js';
import type { TableFacts } from '../../../contract/table.js';
import { identifier, literal } from '../../../model/index.js';
import { change } from './change.js';

const commentSql = (on: string, comment: string | undefined): string =>
  `COMMENT ON ${on} IS ${comment === undefined ? 'NULL' : literal(comment)}`;

const columnOf = (table: string, column: string): string =>
  `COLUMN ${identifier(table)}.${identifier(column)}`;

/** Returns the statement that sets the comment on a column; none if it has no comment. */
export function columnComment(
  table: string,
  { name, comment }: SchemaTable['columns'][number],
): readonly string[] {
  return comment === undefined ? [] : [commentSql(columnOf(table, name), comment)];
}

/** Returns the statements that set the comments on a table and its columns, as the model describes them. */
export function modelComments({ name, description, columns }: TableFacts): readonly string[] {
  return commentsOf({
    name,
    comment: description,
    columns: Object.values(columns).map((column: Column) => ({
      name: column.name,
      comment: column.description,
    })),
  });
}

/** Returns the statements that set the comments on a described table and its columns. */
export function commentsOf({
  name,
  comment,
  columns,
}: Pick<SchemaTable, 'name' | 'comment'> & {
  readonly columns: readonly { readonly name: string; readonly comment?: string | undefined }[];
}): readonly string[] {
  return [
    ...(comment === undefined ? [] : [commentSql(`TABLE ${identifier(name)}`, comment)]),
    ...columns.flatMap((column) =>
      column.comment === undefined ? [] : [commentSql(columnOf(name, column.name), column.comment)],
    ),
  ];
}

/** Returns the changes of the comments on a table and on the columns that it has after the step. */
export function changeComments(before: SchemaTable, after: SchemaTable): readonly SchemaChange[] {
  const was = new Map(before.columns.map(({ name, comment }) => [name, comment]));
  const recomment = (what: string, on: string, from: string | undefined, to: string | undefined) =>
    from === to
      ? []
      : [
          change({
            summary: `${after.name}: ${to === undefined ? 'drop' : 'set'} comment${what}`,
            up: [commentSql(on, to)],
            down: [commentSql(on, from)],
          }),
        ];
  return [
    ...recomment('', `TABLE ${identifier(after.name)}`, before.comment, after.comment),
    ...after.columns.flatMap(({ name, comment }) =>
      recomment(` on ${name}`, columnOf(after.name, name), was.get(name), comment),
    ),
  ];
}

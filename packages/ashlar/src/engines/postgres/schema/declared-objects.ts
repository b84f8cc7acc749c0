import type { GuardedTable } from '../../../contract/guarantee.js';
import type { DeclaredView, FullText, ObjectSql } from '../../../contract/objects.js';
import { identifier } from '../../../model/index.js';
import { objectsIn } from '../../declared-sql.js';

/** Returns the objects that a table declares on PostgreSQL, its full-text indexes among them. */
export function declaredObjects(table: GuardedTable): readonly ObjectSql[] {
  return [
    ...objectsIn(table.objects ?? [], 'postgres'),
    ...(table.fullTexts ?? []).flatMap((index) => fullTextObjects(table, index)),
  ];
}

/** Returns the statement that creates a view. */
export function viewSql({ name, sql: { postgres }, definer }: DeclaredView): string {
  const rights = definer === undefined ? ' WITH (security_invoker=true)' : '';
  return `CREATE VIEW ${identifier(name)}${rights} AS\n${postgres}`;
}

/** Returns the name of the column that holds the words of a full-text index. Results leave it out. */
export function wordsColumn(index: FullText): string {
  return `ashlar_${index.name}`.slice(0, 63);
}

const wordsOf = (columns: readonly string[]): string => {
  const text = columns.map((column) => `coalesce(${identifier(column)}, '')`).join(" || ' ' || ");
  return `ashlar_words(${text})`;
};

const fullTextObjects = (table: GuardedTable, index: FullText): readonly ObjectSql[] => {
  const on = identifier(table.name);
  const column = identifier(wordsColumn(index));
  const object = (type: ObjectSql['type'], name: string, sql: string): ObjectSql => ({
    type,
    name,
    sql,
    before: false,
    fill: [],
  });
  return [
    object(
      'column',
      wordsColumn(index),
      `ALTER TABLE ${on} ADD COLUMN ${column} tsvector GENERATED ALWAYS AS (${wordsOf(index.columns)}) STORED`,
    ),
    object('index', index.name, `CREATE INDEX ${identifier(index.name)} ON ${on} USING gin (${column})`),
  ];
};

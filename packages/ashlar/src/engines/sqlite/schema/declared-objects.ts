import type { GuardedTable } from '../../../contract/guarantee.js';
import type { DeclaredView, FullText, ObjectSql } from '../../../contract/objects.js';
import { identifier, identifiers, literal } from '../../../model/index.js';
import { sql } from '../../../sql/template.js';
import { objectsIn } from '../../declared-sql.js';

/** Returns the objects that a table declares on SQLite, its full-text indexes among them. */
export function declaredObjects(table: GuardedTable): readonly ObjectSql[] {
  return [
    ...objectsIn(table.objects ?? [], 'sqlite'),
    ...(table.fullTexts ?? []).flatMap((index) => fullTextObjects(table, index)),
  ];
}

/** Returns the statement that creates a view. */
export function viewSql({ name, sql: { sqlite } }: DeclaredView): string {
  return `CREATE VIEW ${identifier(name)} AS\n${sqlite}`;
}

/** The columns by which rows of a full-text index name their rows: of a table with an integer key that is `rowid`. */
export function fullTextKey(table: GuardedTable): readonly string[] {
  const [only, ...others] = table.primaryKey.columns;
  const column = only === undefined ? undefined : table.columns[only];
  const isRowid = others.length === 0 && column?.generated === 'identity';
  return isRowid ? ['rowid'] : table.primaryKey.columns;
}

// sql/words.ts repeats it for PostgreSQL
const tokens = "tokenize = 'unicode61 remove_diacritics 0'";

const fullTextObjects = (table: GuardedTable, index: FullText): readonly ObjectSql[] =>
  fullTextKey(table)[0] === 'rowid' ? withExternalContent(table, index) : withOwnContent(table, index);

const object = (
  type: ObjectSql['type'],
  name: string,
  text: string,
  filling: Pick<ObjectSql, 'fill' | 'clear'> = { fill: [] },
): ObjectSql => ({
  type,
  name,
  sql: text,
  before: false,
  ...filling,
});

const trigger = (table: GuardedTable, index: FullText, event: string, body: string): ObjectSql => {
  const name = `${index.name}_${event.toLowerCase()}`;
  return object(
    'trigger',
    name,
    sql`
      CREATE TRIGGER ${identifier(name)} AFTER ${event} ON ${identifier(table.name)}
      BEGIN
        ${body}
      END
    `,
  );
};

const valuesOf = (row: 'OLD' | 'NEW', columns: readonly string[]): string =>
  columns.map((column) => `${row}.${identifier(column)}`).join(', ');

// the rows of the index are those of the table; FTS5 removes a row by the values that it was indexed with
const withExternalContent = (table: GuardedTable, index: FullText): readonly ObjectSql[] => {
  const [name, columns] = [identifier(index.name), identifiers(index.columns)];
  const key = identifier(table.primaryKey.columns[0] ?? '');
  const add = `INSERT INTO ${name} (rowid, ${columns}) VALUES (NEW.${key}, ${valuesOf('NEW', index.columns)});`;
  const remove = `INSERT INTO ${name} (${name}, rowid, ${columns}) VALUES ('delete', OLD.${key}, ${valuesOf('OLD', index.columns)});`;
  return [
    object(
      'virtual table',
      index.name,
      `CREATE VIRTUAL TABLE ${name} USING fts5(${columns}, content = ${literal(table.name)}, content_rowid = ${literal(table.primaryKey.columns[0] ?? '')}, ${tokens})`,
      {
        fill: [`INSERT INTO ${name} (${name}) VALUES ('rebuild')`],
        clear: `INSERT INTO ${name} (${name}) VALUES ('delete-all')`,
      },
    ),
    trigger(table, index, 'INSERT', add),
    trigger(table, index, 'UPDATE', `${remove}\n${add}`),
    trigger(table, index, 'DELETE', remove),
  ];
};

// the rows of a table without an integer key have no number that lasts: the index keeps the key and the text
const withOwnContent = (table: GuardedTable, index: FullText): readonly ObjectSql[] => {
  const name = identifier(index.name);
  const keys = table.primaryKey.columns;
  const all = identifiers([...keys, ...index.columns.filter((column) => !keys.includes(column))]);
  const columns = [...keys, ...index.columns.filter((column) => !keys.includes(column))];
  const content = identifier(`${index.name}_content`);
  // the table in which FTS5 keeps what it indexed calls its columns by their numbers
  const stored = keys.map((key, at) => ({ key: identifier(key), column: `c${at}` }));
  const add = `INSERT INTO ${name} (${all}) VALUES (${valuesOf('NEW', columns)});`;
  const remove = `DELETE FROM ${name} WHERE rowid = (SELECT id FROM ${content} WHERE ${stored.map(({ key, column }) => `${column} = OLD.${key}`).join(' AND ')});`;
  return [
    object(
      'virtual table',
      index.name,
      `CREATE VIRTUAL TABLE ${name} USING fts5(${columns
        .map((column) =>
          index.columns.includes(column) ? identifier(column) : `${identifier(column)} UNINDEXED`,
        )
        .join(
          ', ',
        )}, ${tokens});\nCREATE INDEX ${identifier(`${index.name}_key`)} ON ${content} (${stored.map(({ column }) => column).join(', ')})`,
      {
        fill: [
          `DELETE FROM ${name}`,
          `INSERT INTO ${name} (${all}) SELECT ${all} FROM ${identifier(table.name)}`,
        ],
        clear: `DELETE FROM ${name}`,
      },
    ),
    trigger(table, index, 'INSERT', add),
    trigger(table, index, 'UPDATE', `${remove}\n${add}`),
    trigger(table, index, 'DELETE', remove),
  ];
};

import type { GuaranteeObject } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier } from '../../model/index.js';
import { any } from '../../sql/conditions.js';
import { objectName } from '../../sql/object-name.js';
import { emptied, hiddenRowid, replacing, rowidKey, unchanged, uniqueKeys } from '../../sql/sqlite-keys.js';
import { raise, sqliteTrigger } from '../../sql/sqlite-triggers.js';
import { sql } from '../../sql/template.js';
import type { VersionedColumns } from './columns.js';
import { versionIndexes } from './indexes.js';

/** What keeps the versions of a table of SQLite, on any connection. */
export const versionedOnSqlite = (
  table: TableFacts,
  columns: VersionedColumns,
): readonly GuaranteeObject[] => {
  const refuse = (text: string): string => `SELECT ${raise('versioned', text)}`;
  const name = identifier(table.name);
  const [id, version, current, previous] = [
    columns.id,
    columns.version,
    columns.current,
    columns.previous,
  ].map(identifier);
  const sameKey = (row: string): string =>
    columns.key.map((column) => `${identifier(column)} = ${row}.${identifier(column)}`).join(' AND ');
  const keys = [
    ...uniqueKeys(table),
    { columns: [...columns.key, columns.version], where: undefined },
    ...rowidKey(table),
  ];
  const retirement = [
    `${current} = false`,
    ...columns.touched.map((column) => `${identifier(column)} = NEW.${identifier(column)}`),
  ].join(', ');
  const lawful = [
    `OLD.${current} IS TRUE AND NEW.${current} IS FALSE`,
    ...unchanged(table, [columns.current, ...columns.touched]),
    `EXISTS (SELECT 1 FROM ${name} WHERE ${previous} = OLD.${id} AND ${sameKey('OLD')} AND ${version} = OLD.${version} + 1)`,
  ];

  return [
    ...versionIndexes(table, columns),
    sqliteTrigger({
      name: objectName(table.name, 'versioned_insert'),
      on: 'BEFORE INSERT',
      table: table.name,
      body: [
        sql`
          ${refuse(`a new version of ${table.name} is the current one`)}
          WHERE NEW.${current} IS NOT TRUE
        `,
        sql`
          ${refuse(`a first version of ${table.name} has the number 1`)}
          WHERE NEW.${previous} IS NULL AND NEW.${version} IS NOT 1
        `,
        sql`
          ${refuse(`a new version of ${table.name} follows the current one of its key`)}
          WHERE NEW.${previous} IS NOT NULL
            AND NOT EXISTS (
              SELECT 1 FROM ${name}
              WHERE ${id} = NEW.${previous} AND ${sameKey('NEW')} AND ${version} = NEW.${version} - 1 AND ${current}
            )
        `,
        sql`
          ${refuse(`a row of ${table.name} with this key exists and is never replaced`)}
          WHERE ${any([...replacing(table, keys), ...emptied(table, keys)])}
        `,
      ],
    }),
    ...hiddenRowid(table, 'versioned'),
    sqliteTrigger({
      name: objectName(table.name, 'versioned_retire'),
      on: 'AFTER INSERT',
      table: table.name,
      when: `NEW.${previous} IS NOT NULL`,
      body: [`UPDATE ${name} SET ${retirement} WHERE ${id} = NEW.${previous}`],
    }),
    sqliteTrigger({
      name: objectName(table.name, 'versioned_update'),
      on: 'BEFORE UPDATE',
      table: table.name,
      when: sql`
        NOT (
          ${lawful.join('\nAND ')}
        )
      `,
      body: [refuse(`versions of ${table.name} are never changed`)],
    }),
    sqliteTrigger({
      name: objectName(table.name, 'versioned_delete'),
      on: 'BEFORE DELETE',
      table: table.name,
      body: [refuse(`versions of ${table.name} are never deleted`)],
    }),
  ];
};

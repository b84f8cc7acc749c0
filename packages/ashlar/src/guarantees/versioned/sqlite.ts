import type { GuaranteeObject } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier } from '../../model/index.js';
import { any } from '../../sql/conditions.js';
import { objectName } from '../../sql/object-name.js';
import { emptied, hiddenRowid, replacing, rowidKey, unchanged, uniqueKeys } from '../../sql/sqlite-keys.js';
import { raise, sqliteTrigger } from '../../sql/sqlite-triggers.js';
import { sql } from '../../sql/template.js';
import { sameChain, type VersionedColumns } from './columns.js';
import { versionIndexes } from './indexes.js';

/** The triggers that enforce versions on SQLite, on any connection. */
export function versionedOnSqlite(table: TableFacts, columns: VersionedColumns): readonly GuaranteeObject[] {
  const refuse = (text: string): string => `SELECT ${raise('versioned', text)}`;
  const name = identifier(table.name);
  const [id, version, current, previous] = [
    columns.id,
    columns.version,
    columns.current,
    columns.previous,
  ].map(identifier);
  const keys = [
    ...uniqueKeys(table),
    { columns: [...columns.key, columns.version], where: undefined },
    ...rowidKey(table),
  ];
  const assignments = [
    `${current} = false`,
    ...columns.touched.map((column) => `${identifier(column)} = NEW.${identifier(column)}`),
  ].join(', ');
  const lawful = [
    `OLD.${current} IS TRUE AND NEW.${current} IS FALSE`,
    ...unchanged(table, [columns.current, ...columns.touched]),
    `EXISTS (SELECT 1 FROM ${name} WHERE ${previous} = OLD.${id} AND ${sameChain(columns, 'OLD')} AND ${version} = OLD.${version} + 1)`,
  ];

  return [
    ...versionIndexes(table, columns),
    sqliteTrigger({
      name: objectName(table.name, 'versioned_insert'),
      on: 'BEFORE INSERT',
      table: table.name,
      body: [
        sql`
          ${refuse(`a new version of ${table.name} must be the current one`)}
          WHERE NEW.${current} IS NOT TRUE
        `,
        sql`
          ${refuse(`the first version of ${table.name} must have the number 1`)}
          WHERE NEW.${previous} IS NULL AND NEW.${version} IS NOT 1
        `,
        sql`
          ${refuse(`a new version of ${table.name} must follow the current one of its key`)}
          WHERE NEW.${previous} IS NOT NULL
            AND NOT EXISTS (
              SELECT 1 FROM ${name}
              WHERE ${id} = NEW.${previous} AND ${sameChain(columns, 'NEW')} AND ${version} = NEW.${version} - 1 AND ${current}
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
      body: [`UPDATE ${name} SET ${assignments} WHERE ${id} = NEW.${previous}`],
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
}

import type { GuaranteeObject } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier } from '../../model/index.js';
import { objectName } from '../../sql/object-name.js';
import { alwaysTrigger, raise, triggerFunction, unchanged } from '../../sql/postgres-triggers.js';
import { sql } from '../../sql/template.js';
import { sameChain, type VersionedColumns } from './columns.js';
import { versionIndexes } from './indexes.js';

/** The triggers that enforce versions on PostgreSQL. Inserting a version needs no UPDATE privilege. */
export function versionedOnPostgres(
  table: TableFacts,
  columns: VersionedColumns,
): readonly GuaranteeObject[] {
  const part = (suffix: string): string => objectName(table.name, 'versioned', suffix);
  const trigger = (
    event: 'insert' | 'retire' | 'update' | 'delete' | 'truncate',
    on: string,
    calls = event as string,
  ) =>
    alwaysTrigger({
      name: part(event),
      on,
      table: table.name,
      calls: part(calls),
      ...(event === 'truncate' ? { each: 'STATEMENT' as const } : {}),
      ...(event === 'retire' ? { when: `NEW.${identifier(columns.previous)} IS NOT NULL` } : {}),
    });
  return [
    ...versionIndexes(table, columns),
    insertFunction(part('insert'), table, columns),
    retireFunction(part('retire'), table, columns),
    updateFunction(part('update'), table, columns),
    triggerFunction(part('delete'), refuse(`versions of ${table.name} are never deleted`)),
    trigger('insert', 'BEFORE INSERT'),
    trigger('retire', 'AFTER INSERT'),
    trigger('update', 'BEFORE UPDATE'),
    trigger('delete', 'BEFORE DELETE'),
    trigger('truncate', 'BEFORE TRUNCATE', 'delete'),
  ];
}

const refuse = (text: string): string => raise('versioned', text);

const insertFunction = (name: string, table: TableFacts, columns: VersionedColumns): GuaranteeObject => {
  const [id, version, current, previous] = names(columns);
  return triggerFunction(
    name,
    sql`
      IF NEW.${current} IS NOT TRUE THEN
        ${refuse(`a new version of ${table.name} must be the current one`)}
      END IF;
      IF NEW.${previous} IS NULL THEN
        IF NEW.${version} IS DISTINCT FROM 1 THEN
          ${refuse(`the first version of ${table.name} must have the number 1`)}
        END IF;
        RETURN NEW;
      END IF;

      -- a concurrent successor of the same version waits here, and then finds that the version is not current
      PERFORM FROM ${identifier(table.name)}
      WHERE ${id} = NEW.${previous} AND ${sameChain(columns, 'NEW')} AND ${version} = NEW.${version} - 1 AND ${current}
      FOR NO KEY UPDATE;
      IF NOT FOUND THEN
        ${refuse(`a new version of ${table.name} must follow the current one of its key`)}
      END IF;
      RETURN NEW;
    `,
    { reads: true, asOwner: true, onlyFor: table.name },
  );
};

const retireFunction = (name: string, table: TableFacts, columns: VersionedColumns): GuaranteeObject => {
  const [id, , current, previous] = names(columns);
  const set = [
    `${current} = false`,
    ...columns.touched.map((column) => `${identifier(column)} = NEW.${identifier(column)}`),
  ];
  return triggerFunction(
    name,
    sql`
      UPDATE ${identifier(table.name)}
      SET ${set.join(', ')}
      WHERE ${id} = NEW.${previous};
      RETURN NULL;
    `,
    { reads: true, asOwner: true, onlyFor: table.name },
  );
};

const updateFunction = (name: string, table: TableFacts, columns: VersionedColumns): GuaranteeObject => {
  const [id, version, current, previous] = names(columns);
  return triggerFunction(
    name,
    sql`
      -- the only permitted change: a version that has a successor stops being current
      IF OLD.${current} AND NOT NEW.${current}
        AND ${unchanged(table, [columns.current, ...columns.touched])}
        AND EXISTS (
          SELECT FROM ${identifier(table.name)}
          WHERE ${previous} = OLD.${id} AND ${sameChain(columns, 'OLD')} AND ${version} = OLD.${version} + 1
        )
      THEN
        RETURN NEW;
      END IF;
      ${refuse(`versions of ${table.name} are never changed`)}
    `,
    { reads: true, asOwner: true, onlyFor: table.name },
  );
};

const names = ({ id, version, current, previous }: VersionedColumns): [string, string, string, string] => [
  identifier(id),
  identifier(version),
  identifier(current),
  identifier(previous),
];

import type { Column } from '../../contract/column.js';
import type { GuaranteeObject, GuardedTable } from '../../contract/guarantee.js';
import { identifier, scopeValue } from '../../model/index.js';
import { objectName } from '../../sql/object-name.js';
import { alwaysTrigger, raise, triggerFunction } from '../../sql/postgres-triggers.js';
import { sql } from '../../sql/template.js';
import { takesRowsOfNobody } from './nobody.js';

/**
 * What keeps a table of Postgres scoped: row level security, forced on its owner too. It lets the actions of foreign keys
 * through, which delete or change rows of other scopes; so where the table has such, a trigger looks at them.
 */
export const scopedOnPostgres = (table: GuardedTable, column: Column): readonly GuaranteeObject[] => [
  policy(table, column, table.name),
  ...(table.foreignKeys.some(({ onDelete }) => onDelete !== 'restrict') ? actionGuard(table, column) : []),
];

/** A statement that names a partition asks only the partition's own policies. */
export const policyOnPartition = (
  table: GuardedTable,
  column: Column,
  partition: string,
): readonly GuaranteeObject[] => [policy(table, column, partition)];

const policy = (table: GuardedTable, column: Column, on: string): GuaranteeObject => {
  // the same on each partition, so that one that is renamed keeps the right one
  const name = objectName(table.name, 'scoped');
  return {
    type: 'policy',
    name,
    sql: sql`
      ALTER TABLE ${identifier(on)} ENABLE ROW LEVEL SECURITY;
      ALTER TABLE ${identifier(on)} FORCE ROW LEVEL SECURITY;
      CREATE POLICY ${identifier(name)} ON ${identifier(on)}
        USING (${within(identifier(column.name), column)})
        ${takesRowsOfNobody(table, column) ? [`WITH CHECK (${ownOrNobodys(identifier(column.name), column)})`] : []}
    `,
  };
};

/** A value of a scope column as it is compared: a uuid that may be NULL as text, which has a value for nobody. */
export const scopeOnPostgres = (column: Column, value: string): string =>
  scopeValue(column, isTextOfUuid(column) ? `CAST(${value} AS text) COLLATE "C"` : value);

const isTextOfUuid = ({ kind, nullable }: Column): boolean => kind === 'uuid' && nullable;

// an index serves a range whose ends are the same for all rows
const within = (value: string, column: Column): string => {
  const kind = isTextOfUuid(column) ? 'text' : column.kind;
  const type = kind === 'integer' ? 'bigint' : kind;
  return `${scopeOnPostgres(column, value)} BETWEEN ashlar_scope_${type}_low() AND ashlar_scope_${type}_high()`;
};

const ownOrNobodys = (value: string, column: Column): string =>
  `${within(value, column)} OR (${value} IS NULL AND coalesce(current_setting('ashlar.scope', true), '') = '')`;

const actionGuard = (table: GuardedTable, column: Column): readonly GuaranteeObject[] => {
  const refusal = objectName(table.name, 'scoped_action');
  return [
    triggerFunction(
      refusal,
      raise('scoped', `rows of ${table.name} are written by sessions of their scope only`),
    ),
    alwaysTrigger({
      name: refusal,
      on: 'BEFORE UPDATE OR DELETE',
      table: table.name,
      when: `(${within(`OLD.${identifier(column.name)}`, column)}) IS NOT TRUE`,
      calls: refusal,
    }),
  ];
};

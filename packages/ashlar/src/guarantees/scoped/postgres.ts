import type { Column } from '../../contract/column.js';
import type { GuaranteeObject, GuardedTable } from '../../contract/guarantee.js';
import { identifier, refusesDelete, refusesUpdate, scopeValue } from '../../model/index.js';
import { objectName } from '../../sql/object-name.js';
import { alwaysTrigger, raise, triggerFunction } from '../../sql/postgres-triggers.js';
import { sql } from '../../sql/template.js';
import { acceptsUnscopedRows } from './unscoped.js';

/**
 * The objects that confine a session to its scope on PostgreSQL: row level security, forced on the table's owner too.
 * Actions of foreign keys bypass it and could delete or change rows of other scopes; where the table has such actions,
 * a trigger checks them.
 */
export function scopedOnPostgres(table: GuardedTable, column: Column): readonly GuaranteeObject[] {
  return [
    policy(table, column, table.name),
    ...(table.foreignKeys.some((key) => !refusesDelete(key) || !refusesUpdate(key))
      ? actionGuard(table, column)
      : []),
  ];
}

/**
 * The policy to create on each partition, because a statement that names a partition directly is subject only to that
 * partition's policies.
 */
export function policyOnPartition(
  table: GuardedTable,
  column: Column,
  partition: string,
): readonly GuaranteeObject[] {
  return [policy(table, column, partition)];
}

const policy = (table: GuardedTable, column: Column, on: string): GuaranteeObject => {
  // the same name on each partition, so that a renamed partition keeps its policy's name
  const name = objectName(table.name, 'scoped');
  return {
    type: 'policy',
    name,
    sql: sql`
      ALTER TABLE ${identifier(on)} ENABLE ROW LEVEL SECURITY;
      ALTER TABLE ${identifier(on)} FORCE ROW LEVEL SECURITY;
      CREATE POLICY ${identifier(name)} ON ${identifier(on)}
        USING (${within(identifier(column.name), column)})
        ${acceptsUnscopedRows(table, column) ? [`WITH CHECK (${ownOrUnscoped(identifier(column.name), column)})`] : []}
    `,
  };
};

/**
 * An SQL expression for the value of a scope column, in the type in which scopes are compared. A nullable uuid is
 * compared as text, which can represent NULL as ''.
 */
export function scopeOnPostgres(column: Column, value: string): string {
  return scopeValue(column, isTextOfUuid(column) ? `CAST(${value} AS text) COLLATE "C"` : value);
}

const isTextOfUuid = ({ kind, nullable }: Column): boolean => kind === 'uuid' && nullable;

// an index can serve a range whose bounds are the same for all rows
const within = (value: string, column: Column): string => {
  const kind = isTextOfUuid(column) ? 'text' : column.kind;
  const type = kind === 'integer' ? 'bigint' : kind;
  return `${scopeOnPostgres(column, value)} BETWEEN ashlar_scope_${type}_low() AND ashlar_scope_${type}_high()`;
};

const ownOrUnscoped = (value: string, column: Column): string =>
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

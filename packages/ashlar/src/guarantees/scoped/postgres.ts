import type { Column } from '../../contract/column.js';
import type { GuaranteeObject, GuardedTable } from '../../contract/guarantee.js';
import { identifier, refusesDelete, refusesUpdate, scopeValue } from '../../model/index.js';
import { objectName } from '../../sql/object-name.js';
import { alwaysTrigger, raise, sessionRole, triggerFunction } from '../../sql/postgres-triggers.js';
import { sql } from '../../sql/template.js';

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
        USING (
          ${inRange(table, identifier(column.name), column)}
          AND ${isVerified(identifier(column.name), column, 'current_user')}
        )
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

/** The beginning of the names of the two functions that bound the search for a scope column. */
export function rangeOf(column: Column): string {
  const kind = isTextOfUuid(column) ? 'text' : column.kind;
  return `ashlar_range_${kind === 'integer' ? 'bigint' : kind}`;
}

const isTextOfUuid = ({ kind, nullable }: Column): boolean => kind === 'uuid' && nullable;

// for the index only: the range reads a setting, and can only leave rows out. A subquery is evaluated once, not for each row.
// Not BETWEEN: PostgreSQL would print it so that it is another expression when it is read again
const inRange = ({ external }: GuardedTable, value: string, column: Column): string => {
  const name = rangeOf(column);
  // another tool's texts may have another collation
  const isOther = external === true && column.kind === 'text';
  const compared = isOther
    ? scopeValue(column, `CAST(${value} AS text) COLLATE "C"`)
    : scopeOnPostgres(column, value);
  return `${compared} >= (SELECT ${name}_low(current_user)) AND ${compared} <= (SELECT ${name}_high(current_user))`;
};

// one verification decides: two of them could be given the contexts of two sessions
const isVerified = (value: string, { kind }: Column, role: string): string =>
  `CASE (SELECT sees FROM ashlar_context(${role})) COLLATE "C" WHEN '*' THEN true WHEN ${kind === 'text' ? value : `${value}::text`} THEN true ELSE false END`;

const actionGuard = (table: GuardedTable, column: Column): readonly GuaranteeObject[] => {
  const refusal = objectName(table.name, 'scoped_action');
  return [
    triggerFunction(
      refusal,
      sql`
        IF (${isVerified(`OLD.${identifier(column.name)}`, column, sessionRole)}) THEN
          RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
        END IF;
        ${raise('scoped', `rows of ${table.name} are written by sessions of their scope only`)}
      `,
      { reads: true },
    ),
    alwaysTrigger({
      name: refusal,
      on: 'BEFORE UPDATE OR DELETE',
      table: table.name,
      // the policy decides on the session's own statements
      when: 'pg_trigger_depth() > 0',
      calls: refusal,
    }),
  ];
};

import type { GuaranteeObject } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier, identifiers, literal } from '../../model/index.js';
import { objectName } from '../../sql/object-name.js';
import { rowJson } from '../../sql/postgres-row-json.js';
import { alwaysTrigger, raise, triggerFunction } from '../../sql/postgres-triggers.js';
import { sql } from '../../sql/template.js';
import type { AuditedRules } from './rules.js';

/**
 * The triggers that write the audit trail of a table on PostgreSQL. Writers of the table need no privilege on the
 * trail.
 */
export function auditedOnPostgres(
  table: TableFacts,
  { trail, except }: AuditedRules,
): readonly GuaranteeObject[] {
  const write = objectName(table.name, 'audited');
  const truncate = truncateName(table);
  const key = (row: 'NEW' | 'OLD'): string => rowJson(table, row, { only: table.primaryKey.columns });
  const all = (row: 'NEW' | 'OLD'): string => rowJson(table, row, { except });
  const columns = ['actor', 'scope', 'role', 'table_name', 'operation', 'row_key', 'before', 'after'];
  const hasUnseen = except.length > 0;
  return [
    triggerFunction(
      write,
      sql`
        INSERT INTO ${identifier(trail.name)} (
          ${identifiers([...columns, ...(hasUnseen ? ['unseen'] : [])])}
        )
        VALUES (
          nullif(current_setting('ashlar.actor', true), ''),
          nullif(current_setting('ashlar.scope', true), ''),
          -- current_user is the owner here: record the role that the session has set, or else the login role
          coalesce(nullif(current_setting('role'), 'none'), session_user),
          ${literal(table.name)},
          lower(TG_OP),
          CASE WHEN TG_OP = 'INSERT' THEN
              ${key('NEW')}
          ELSE
              ${key('OLD')}
          END,
          CASE WHEN TG_OP <> 'INSERT' THEN
              ${all('OLD')}
          END,
          CASE WHEN TG_OP <> 'DELETE' THEN
              ${all('NEW')}
          END${hasUnseen ? ',' : ''}
          ${hasUnseen ? [unseen(except)] : []}
        );
        RETURN NULL;
      `,
      { reads: true, asOwner: true },
    ),
    triggerFunction(truncate, [
      raise('audited', `${table.name} cannot be truncated: the audit trail would miss the deleted rows`),
    ]),
    alwaysTrigger({
      name: objectName(table.name, 'audited'),
      on: 'AFTER INSERT OR UPDATE OR DELETE',
      table: table.name,
      calls: write,
    }),
    truncation(table, table.name),
  ];
}

/**
 * The trigger to create on each partition against TRUNCATE: partitions inherit the row triggers of their table, but not
 * its TRUNCATE trigger.
 */
export function guardPartition(table: TableFacts, partition: string): readonly GuaranteeObject[] {
  return [truncation(table, partition)];
}

/**
 * The trigger that refuses every insert into an audit trail that does not come from a trigger of an audited table, even
 * if the owner makes it.
 */
export function trailOnPostgres(trail: TableFacts): readonly GuaranteeObject[] {
  const name = objectName(trail.name, 'trail_insert');
  return [
    triggerFunction(name, [raise('trail', `rows of ${trail.name} are written by the database only`)]),
    alwaysTrigger({
      name,
      on: 'BEFORE INSERT',
      table: trail.name,
      when: 'pg_trigger_depth() = 0',
      calls: name,
    }),
  ];
}

const truncateName = (table: TableFacts): string => objectName(table.name, 'audited_truncate');

const truncation = (table: TableFacts, on: string): GuaranteeObject =>
  alwaysTrigger({
    name: objectName(on, 'audited_truncate'),
    on: 'BEFORE TRUNCATE',
    table: on,
    each: 'STATEMENT',
    calls: truncateName(table),
  });

// OLD is NULL in an insert, NEW in a delete
const unseen = (except: readonly string[]): string => {
  const names = except.map(
    (name) =>
      `CASE WHEN NEW.${identifier(name)} IS DISTINCT FROM OLD.${identifier(name)} THEN ${literal(name)} END`,
  );
  return `nullif(to_jsonb(array_remove(ARRAY[${names.join(', ')}], NULL)), '[]')`;
};

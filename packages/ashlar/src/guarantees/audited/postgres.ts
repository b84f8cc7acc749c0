import type { GuaranteeObject } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier, identifiers, literal } from '../../model/index.js';
import { objectName } from '../../sql/object-name.js';
import { rowJson } from '../../sql/postgres-row-json.js';
import { alwaysTrigger, raise, triggerFunction } from '../../sql/postgres-triggers.js';
import { sql } from '../../sql/template.js';
import type { AuditedRules } from './rules.js';

/** What writes the trail of a table of Postgres; who writes the table needs no right on the trail. */
export const auditedOnPostgres = (
  table: TableFacts,
  { trail, except }: AuditedRules,
): readonly GuaranteeObject[] => {
  const write = objectName(table.name, 'audited');
  const refusal = refusalName(table);
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
          -- the user of this function is the owner; who acts is the one that connected, or the one he stepped down to
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
    triggerFunction(refusal, [
      raise('audited', `${table.name} is never emptied at once, which would leave no trail`),
    ]),
    alwaysTrigger({
      name: objectName(table.name, 'audited'),
      on: 'AFTER INSERT OR UPDATE OR DELETE',
      table: table.name,
      calls: write,
    }),
    truncation(table, table.name),
  ];
};

/** Row triggers reach every partition; a TRUNCATE of one asks only its own triggers. */
export const guardPartition = (table: TableFacts, partition: string): readonly GuaranteeObject[] => [
  truncation(table, partition),
];

/** What keeps a trail from lines that no trigger writes, also from the owner. */
export const trailOnPostgres = (trail: TableFacts): readonly GuaranteeObject[] => {
  const name = objectName(trail.name, 'trail_insert');
  return [
    triggerFunction(name, [raise('trail', `lines of ${trail.name} are written by the database alone`)]),
    alwaysTrigger({
      name,
      on: 'BEFORE INSERT',
      table: trail.name,
      when: 'pg_trigger_depth() = 0',
      calls: name,
    }),
  ];
};

const refusalName = (table: TableFacts): string => objectName(table.name, 'audited_truncate');

const truncation = (table: TableFacts, on: string): GuaranteeObject =>
  alwaysTrigger({
    name: objectName(on, 'audited_truncate'),
    on: 'BEFORE TRUNCATE',
    table: on,
    each: 'STATEMENT',
    calls: refusalName(table),
  });

// of an insert OLD is NULL, and of a delete NEW
const unseen = (except: readonly string[]): string => {
  const names = except.map(
    (name) =>
      `CASE WHEN NEW.${identifier(name)} IS DISTINCT FROM OLD.${identifier(name)} THEN ${literal(name)} END`,
  );
  return `nullif(to_jsonb(array_remove(ARRAY[${names.join(', ')}], NULL)), '[]')`;
};

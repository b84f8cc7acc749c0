import type { GuaranteeObject } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier, literal } from '../../model/index.js';
import { objectName } from '../shared/names.js';
import { alwaysTrigger, raise, triggerFunction } from '../shared/postgres-sql.js';
import { rowJson } from '../shared/row-json-postgres.js';
import type { AuditedRules } from './rules.js';

/** What writes the trail of a table of Postgres; who writes the table needs no right on the trail. */
export const auditedOnPostgres = (
  table: TableFacts,
  { trail, except }: AuditedRules,
): readonly GuaranteeObject[] => {
  const write = objectName(table.name, 'audited');
  const refusal = refusalName(table);
  const key = (row: 'NEW' | 'OLD'): string =>
    indent(rowJson(table, row, { only: table.primaryKey.columns }), 6);
  const all = (row: 'NEW' | 'OLD'): string => indent(rowJson(table, row, { except }), 6);
  const columns = ['actor', 'scope', 'role', 'table_name', 'operation', 'row_key', 'before', 'after'];
  return [
    triggerFunction(
      write,
      [
        `INSERT INTO ${identifier(trail.name)} (`,
        `  ${[...columns, ...(except.length > 0 ? ['unseen'] : [])].map(identifier).join(', ')}`,
        ')',
        'VALUES (',
        "  nullif(current_setting('ashlar.actor', true), ''),",
        "  nullif(current_setting('ashlar.scope', true), ''),",
        '  -- the user of this function is the owner; who acts is the one that connected, or the one he stepped down to',
        "  coalesce(nullif(current_setting('role'), 'none'), session_user),",
        `  ${literal(table.name)},`,
        '  lower(TG_OP),',
        `  CASE WHEN TG_OP = 'INSERT' THEN\n${key('NEW')}\n  ELSE\n${key('OLD')}\n  END,`,
        `  CASE WHEN TG_OP <> 'INSERT' THEN\n${all('OLD')}\n  END,`,
        `  CASE WHEN TG_OP <> 'DELETE' THEN\n${all('NEW')}\n  END${except.length > 0 ? ',' : ''}`,
        ...(except.length > 0 ? [`  ${unseen(except)}`] : []),
        ');',
        'RETURN NULL;',
      ],
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

const indent = (text: string, by: number): string => text.replaceAll(/^/gm, ' '.repeat(by));

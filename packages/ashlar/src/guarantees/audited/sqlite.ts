import type { GuaranteeObject } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier, identifiers, literal } from '../../model/index.js';
import { any } from '../../sql/conditions.js';
import { objectName } from '../../sql/object-name.js';
import { rowJson } from '../../sql/sqlite-row-json.js';
import { raise, sqliteTrigger } from '../../sql/sqlite-triggers.js';
import { sql } from '../../sql/template.js';
import type { AuditedRules } from './rules.js';

type Row = 'NEW' | 'OLD';

/**
 * The triggers that write the audit trail of a table on SQLite, with the session's actor and scope. A REPLACE fires the
 * delete triggers of the rows it removes only with `recursive_triggers`, which Ashlar's connections set. Other
 * connections have no session, so their writes, including REPLACE, are refused.
 */
export function auditedOnSqlite(
  table: TableFacts,
  { trail, except }: AuditedRules,
): readonly GuaranteeObject[] {
  const columns = ['actor', 'scope', 'role', 'table_name', 'operation', 'row_key', 'before', 'after'];
  const hasUnseen = except.length > 0;
  const key = (row: Row): string => rowJson(table, row, { only: table.primaryKey.columns });
  const all = (row: Row): string => rowJson(table, row, { except });
  const write = (
    operation: 'insert' | 'update' | 'delete',
    before: string,
    after: string,
    of: Row,
  ): GuaranteeObject =>
    sqliteTrigger({
      name: objectName(table.name, 'audited', operation),
      on: `AFTER ${operation.toUpperCase()}`,
      table: table.name,
      body: [
        sql`
          SELECT ${raise('audited', 'a writer without a session is refused')}
          WHERE NOT EXISTS (SELECT 1 FROM ashlar_session)
        `,
        sql`
          INSERT INTO ${identifier(trail.name)} (
            ${identifiers([...columns, ...(hasUnseen ? ['unseen'] : [])])}
          )
          SELECT
            actor, scope, 'session', ${literal(table.name)}, ${literal(operation)},
            ${[key(of), before, after, ...(hasUnseen ? [unseen(operation, except)] : [])].join(',\n')}
          FROM ashlar_session
        `,
      ],
    });
  return [
    write('insert', 'NULL', all('NEW'), 'NEW'),
    write('update', all('OLD'), all('NEW'), 'OLD'),
    write('delete', all('OLD'), 'NULL', 'OLD'),
  ];
}

/**
 * The trigger that refuses a new row of an audit trail unless it contains the session's actor and scope and the current
 * time.
 */
export function trailOnSqlite(trail: TableFacts): readonly GuaranteeObject[] {
  return [
    sqliteTrigger({
      name: objectName(trail.name, 'trail_insert'),
      on: 'BEFORE INSERT',
      table: trail.name,
      when: any([
        'NOT EXISTS (SELECT 1 FROM ashlar_session WHERE actor IS NEW.actor AND scope IS NEW.scope)',
        "NEW.role IS NOT 'session'",
        "NEW.at IS NOT strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')",
        // before an insert SQLite shows a rowid that it has yet to choose as -1
        'NEW.id <> -1',
      ]),
      body: [`SELECT ${raise('trail', `rows of ${trail.name} are written by the database only`)}`],
    }),
  ];
}

const unseen = (operation: 'insert' | 'update' | 'delete', except: readonly string[]): string => {
  const parts = except.map((name) => {
    const [old, now] = [`OLD.${identifier(name)}`, `NEW.${identifier(name)}`];
    const changed = {
      insert: `${now} IS NOT NULL`,
      update: `${now} IS NOT ${old}`,
      delete: `${old} IS NOT NULL`,
    };
    return `iif(${changed[operation]}, ${literal(`,${JSON.stringify(name)}`)}, '')`;
  });
  return `nullif('[' || substr(${parts.join(' || ')}, 2) || ']', '[]')`;
};

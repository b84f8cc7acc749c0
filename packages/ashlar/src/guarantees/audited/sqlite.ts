import type { GuaranteeObject } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier, literal } from '../../model/index.js';
import { objectName } from '../shared/names.js';
import { rowJson } from '../shared/row-json-sqlite.js';
import { any, raise, sqliteTrigger } from '../shared/sqlite-sql.js';
import type { AuditedRules } from './rules.js';

type Row = 'NEW' | 'OLD';

/**
 * What writes the trail of a table of SQLite, in the name of the session that writes. A REPLACE fires the triggers of
 * what it removes only on connections that ask for it, as ours do; on another one there is no session, and so no REPLACE.
 */
export const auditedOnSqlite = (
  table: TableFacts,
  { trail, except }: AuditedRules,
): readonly GuaranteeObject[] => {
  const columns = ['actor', 'scope', 'role', 'table_name', 'operation', 'row_key', 'before', 'after'];
  const key = (row: Row): string => indent(rowJson(table, row, { only: table.primaryKey.columns }));
  const all = (row: Row): string => indent(rowJson(table, row, { except }));
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
        `SELECT ${raise('audited', 'a writer without a session is refused')}\n  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session)`,
        [
          `INSERT INTO ${identifier(trail.name)} (`,
          `    ${[...columns, ...(except.length > 0 ? ['unseen'] : [])].map(identifier).join(', ')}`,
          '  )',
          '  SELECT',
          `    actor, scope, 'session', ${literal(table.name)}, ${literal(operation)},`,
          [key(of), before, after, ...(except.length > 0 ? [unseen(operation, except)] : [])].join(',\n'),
          '  FROM ashlar_session',
        ].join('\n'),
      ],
    });
  return [
    write('insert', '    NULL', all('NEW'), 'NEW'),
    write('update', all('OLD'), all('NEW'), 'OLD'),
    write('delete', all('OLD'), '    NULL', 'OLD'),
  ];
};

/** What keeps a trail from lines in another's name or of another time. */
export const trailOnSqlite = (trail: TableFacts): readonly GuaranteeObject[] => [
  sqliteTrigger({
    name: objectName(trail.name, 'trail_insert'),
    on: 'BEFORE INSERT',
    table: trail.name,
    when: any([
      'NOT EXISTS (SELECT 1 FROM ashlar_session WHERE actor IS NEW.actor AND scope IS NEW.scope)',
      "NEW.role IS NOT 'session'",
      "NEW.at IS NOT strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')",
      // a number that is yet to be chosen shows as -1
      'NEW.id <> -1',
    ]),
    body: [`SELECT ${raise('trail', `lines of ${trail.name} are written by the database alone`)}`],
  }),
];

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
  return `    nullif('[' || substr(${parts.join(' || ')}, 2) || ']', '[]')`;
};

const indent = (text: string): string => text.replaceAll(/^/gm, '    ');

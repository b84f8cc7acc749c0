import type { GuaranteeObject } from 'ashlar/extend';
import { raiseOnSqlite, sqliteTrigger } from 'ashlar/extend';
import { type GuardedTable, guards, namesClient } from './sql.js';

/** Returns the SQLite triggers that enforce the anonymity guarantee of a guarded table. */
export function anonymityOnSqlite(table: GuardedTable): readonly GuaranteeObject[] {
  const { guarantee, named, scope } = guards[table];
  const refuse = (text: string, where: string): string =>
    `SELECT ${raiseOnSqlite(guarantee, text)}\nWHERE ${where}`;
  const trigger = (event: 'INSERT' | 'UPDATE', when?: string): GuaranteeObject =>
    sqliteTrigger({
      name: `${table}_${guarantee.replaceAll('-', '_')}_${event.toLowerCase()}`,
      on: `BEFORE ${event}`,
      table,
      ...(when === undefined ? {} : { when }),
      body: [
        refuse(scope, "NOT EXISTS (SELECT 1 FROM ashlar_session WHERE scope = '*')"),
        refuse(named, namesClient('sqlite', table)),
      ],
    });
  return [trigger('INSERT'), trigger('UPDATE', table === 'clients' ? 'NEW.name IS NOT OLD.name' : undefined)];
}

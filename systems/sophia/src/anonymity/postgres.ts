import type { GuaranteeObject } from 'ashlar/extend';
import { alwaysTrigger, raiseOnPostgres, triggerFunction } from 'ashlar/extend';
import { type GuardedTable, guards, namesClient } from './sql.js';

/** Returns the PostgreSQL triggers that enforce the anonymity guarantee of a guarded table. */
export function anonymityOnPostgres(table: GuardedTable): readonly GuaranteeObject[] {
  // comments inside the function body are part of the committed migrations: keep their wording
  const { guarantee, named, scope } = guards[table];
  const calls = `${table}_${guarantee.replaceAll('-', '_')}`;
  const refuse = (text: string): string => raiseOnPostgres(guarantee, text).replaceAll(/^/gm, '  ');
  return [
    triggerFunction(calls, [
      "PERFORM set_config('search_path', format('%I, pg_temp', TG_TABLE_SCHEMA), true);",
      "IF (SELECT sees FROM ashlar_context(current_user)) IS DISTINCT FROM '*' THEN",
      refuse(scope),
      'END IF;',
      '-- transactions that write names and those that write knowledge must see each other',
      "PERFORM pg_advisory_xact_lock(hashtextextended('ashlar/names-no-client', 0));",
      `IF ${namesClient('postgres', table)} THEN`,
      refuse(named),
      'END IF;',
      'RETURN NEW;',
    ]),
    alwaysTrigger({ name: `${calls}_insert`, on: 'BEFORE INSERT', table, calls }),
    alwaysTrigger({
      name: `${calls}_update`,
      on: 'BEFORE UPDATE',
      table,
      ...(table === 'clients' ? { when: 'NEW.name IS DISTINCT FROM OLD.name' } : {}),
      calls,
    }),
  ];
}

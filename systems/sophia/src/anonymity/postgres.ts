import type { GuaranteeObject } from 'ashlar';
import { alwaysTrigger, raiseOnPostgres, triggerFunction } from 'ashlar/guarantees';
import { refusals, type Side, wouldName } from './sql.js';

/** The triggers of Postgres that hold one of the two tables apart from the other. */
export const anonymityOnPostgres = (side: Side): readonly GuaranteeObject[] => {
  const { guarantee, named, scope } = refusals[side];
  const calls = `${side}_${guarantee.replaceAll('-', '_')}`;
  const refuse = (text: string): string => raiseOnPostgres(guarantee, text).replaceAll(/^/gm, '  ');
  return [
    triggerFunction(
      calls,
      [
        "PERFORM set_config('search_path', format('%I, pg_temp', TG_TABLE_SCHEMA), true);",
        "IF coalesce(current_setting('ashlar.scope', true), '') <> '*' THEN",
        refuse(scope),
        'END IF;',
        '-- whoever writes a name and whoever writes knowledge must see each other',
        "PERFORM pg_advisory_xact_lock(hashtextextended('ashlar/names-no-client', 0));",
        `IF ${wouldName('postgres', side)} THEN`,
        refuse(named),
        'END IF;',
        'RETURN NEW;',
      ],
      { compares: true },
    ),
    alwaysTrigger({ name: `${calls}_insert`, on: 'BEFORE INSERT', table: side, calls }),
    alwaysTrigger({
      name: `${calls}_update`,
      on: 'BEFORE UPDATE',
      table: side,
      ...(side === 'clients' ? { when: 'NEW.name IS DISTINCT FROM OLD.name' } : {}),
      calls,
    }),
  ];
};

import { type GuaranteeObject, literal } from 'ashlar';
import { refusals, type Side, wouldName } from './sql.js';

/** The triggers of Postgres that hold one of the two tables apart from the other. */
export const anonymityOnPostgres = (side: Side): readonly GuaranteeObject[] => {
  const { guarantee, named, scope } = refusals[side];
  const refuse = `${side}_${guarantee.replaceAll('-', '_')}`;
  const raise = (text: string): readonly string[] => [
    `    RAISE EXCEPTION ${literal(`ashlar/${guarantee}: ${text}`)}`,
    "      USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;",
  ];
  const trigger = (event: 'INSERT' | 'UPDATE', when: readonly string[] = []): GuaranteeObject => {
    const name = `${refuse}_${event.toLowerCase()}`;
    return {
      type: 'trigger',
      name,
      sql: [
        `CREATE TRIGGER ${name} BEFORE ${event} ON ${side}`,
        '  FOR EACH ROW',
        ...when,
        `  EXECUTE FUNCTION ${refuse}();`,
        '',
        `ALTER TABLE ${side} ENABLE ALWAYS TRIGGER ${name}`,
      ].join('\n'),
    };
  };
  return [
    {
      type: 'function',
      name: refuse,
      sql: [
        `CREATE FUNCTION ${refuse}() RETURNS trigger`,
        'LANGUAGE plpgsql',
        'SET search_path TO pg_catalog AS $$',
        'BEGIN',
        "  PERFORM set_config('search_path', format('%I, pg_temp', TG_TABLE_SCHEMA), true);",
        "  IF coalesce(current_setting('ashlar.scope', true), '') <> '*' THEN",
        ...raise(scope),
        '  END IF;',
        '  -- whoever writes a name and whoever writes knowledge must see each other',
        "  PERFORM pg_advisory_xact_lock(hashtextextended('ashlar/names-no-client', 0));",
        `  IF ${wouldName('postgres', side).replaceAll('\n', '\n  ')} THEN`,
        ...raise(named),
        '  END IF;',
        '  RETURN NEW;',
        'END',
        '$$',
      ].join('\n'),
    },
    trigger('INSERT'),
    trigger('UPDATE', side === 'clients' ? ['  WHEN (NEW.name IS DISTINCT FROM OLD.name)'] : []),
  ];
};

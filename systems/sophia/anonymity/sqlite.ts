import { type GuaranteeObject, literal } from 'ashlar';
import { refusals, type Side, wouldName } from './sql.js';

/** The triggers of SQLite that hold one of the two tables apart from the other. */
export const anonymityOnSqlite = (side: Side): readonly GuaranteeObject[] => {
  const { guarantee, named, scope } = refusals[side];
  const raise = (text: string): string => `SELECT RAISE(ABORT, ${literal(`ashlar/${guarantee}: ${text}`)})`;
  const trigger = (event: 'INSERT' | 'UPDATE', when: readonly string[] = []): GuaranteeObject => {
    const name = `${side}_${guarantee.replaceAll('-', '_')}_${event.toLowerCase()}`;
    return {
      type: 'trigger',
      name,
      sql: [
        `CREATE TRIGGER ${name} BEFORE ${event} ON ${side}`,
        ...when,
        'BEGIN',
        `  ${raise(scope)}`,
        `  WHERE NOT EXISTS (SELECT 1 FROM ashlar_session WHERE scope = '*');`,
        `  ${raise(named)}`,
        `  WHERE ${wouldName('sqlite', side).replaceAll('\n', '\n  ')};`,
        'END',
      ].join('\n'),
    };
  };
  return [trigger('INSERT'), trigger('UPDATE', side === 'clients' ? ['WHEN NEW.name IS NOT OLD.name'] : [])];
};

import type { GuaranteeObject } from 'ashlar';
import { raiseOnSqlite, sqliteTrigger } from 'ashlar/guarantees';
import { refusals, type Side, wouldName } from './sql.js';

/** The triggers of SQLite that hold one of the two tables apart from the other. */
export const anonymityOnSqlite = (side: Side): readonly GuaranteeObject[] => {
  const { guarantee, named, scope } = refusals[side];
  const refuse = (text: string, where: string): string =>
    `SELECT ${raiseOnSqlite(guarantee, text)}\nWHERE ${where}`;
  const trigger = (event: 'INSERT' | 'UPDATE', when?: string): GuaranteeObject =>
    sqliteTrigger({
      name: `${side}_${guarantee.replaceAll('-', '_')}_${event.toLowerCase()}`,
      on: `BEFORE ${event}`,
      table: side,
      ...(when === undefined ? {} : { when }),
      body: [
        refuse(scope, "NOT EXISTS (SELECT 1 FROM ashlar_session WHERE scope = '*')"),
        refuse(named, wouldName('sqlite', side)),
      ],
    });
  return [trigger('INSERT'), trigger('UPDATE', side === 'clients' ? 'NEW.name IS NOT OLD.name' : undefined)];
};

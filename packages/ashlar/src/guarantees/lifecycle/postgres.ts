import type { GuaranteeObject } from '../../contract/guarantee.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier } from '../../model/index.js';
import { objectName } from '../../sql/object-name.js';
import { alwaysTrigger, raise, triggerFunction } from '../../sql/postgres-triggers.js';
import { sql } from '../../sql/template.js';
import { beginsWrongly, movesWrongly } from './conditions.js';
import type { Lifecycle } from './rules.js';

/** What keeps a status of a table of Postgres on its way. The rules stand in the triggers; a lawful step calls nothing. */
export const lifecycleOnPostgres = (table: TableFacts, rules: Lifecycle): readonly GuaranteeObject[] => {
  const status = identifier(rules.column);
  const of = `${table.name}.${rules.column}`;
  const refusal = objectName(table.name, rules.column, 'lifecycle');
  const trigger = (event: 'insert' | 'update', when: string): GuaranteeObject =>
    alwaysTrigger({
      name: objectName(table.name, rules.column, 'lifecycle', event),
      on: `BEFORE ${event.toUpperCase()}`,
      table: table.name,
      when,
      calls: refusal,
    });
  return [
    triggerFunction(
      refusal,
      sql`
        IF TG_OP = 'INSERT' THEN
          ${raise('lifecycle', `${of} cannot begin as %`, [`NEW.${status}`])}
        END IF;
        ${raise('lifecycle', `${of} cannot go from % to %`, [`OLD.${status}`, `NEW.${status}`])}
      `,
    ),
    trigger('insert', beginsWrongly(rules)),
    trigger('update', movesWrongly(rules)),
  ];
};

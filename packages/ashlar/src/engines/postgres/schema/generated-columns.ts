import type { Column } from '../../../contract/column.js';
import type { GuaranteeObject } from '../../../contract/guarantee.js';
import type { TableFacts } from '../../../contract/table.js';
import { identifier, touchedColumns } from '../../../model/index.js';
import { objectName } from '../../../sql/object-name.js';
import { alwaysTrigger, triggerFunction } from '../../../sql/postgres-triggers.js';
import { sql } from '../../../sql/template.js';

/**
 * Returns the triggers that set the `updatedAt()` columns of a table when an UPDATE leaves them as they are. A row that
 * another trigger or a foreign key changes keeps its time, as on SQLite.
 */
export function generatedColumnObjects(table: TableFacts): readonly GuaranteeObject[] {
  return touchedColumns(table).flatMap((column) => touching(table, column));
}

const touching = (table: TableFacts, { name }: Column): readonly GuaranteeObject[] => {
  const calls = objectName(table.name, name, 'touched');
  const column = identifier(name);
  return [
    triggerFunction(
      calls,
      sql`
        -- a session of a connection with a clock of its own has that clock's time in a setting
        NEW.${column} := coalesce(nullif(current_setting('ashlar.now', true), '')::pg_catalog.timestamptz, now());
        RETURN NEW;
      `,
    ),
    alwaysTrigger({
      name: calls,
      on: 'BEFORE UPDATE',
      table: table.name,
      when: `pg_trigger_depth() = 0 AND NEW.${column} IS NOT DISTINCT FROM OLD.${column}`,
      calls,
    }),
  ];
};

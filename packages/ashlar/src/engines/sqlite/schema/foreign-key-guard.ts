import type { ForeignKey, TableFacts } from '../../../contract/table.js';
import { identifier, identifiers, literal } from '../../../model/index.js';
import { all } from '../../../sql/conditions.js';
import { sqliteTrigger } from '../../../sql/sqlite-triggers.js';
import { foreignKeyText } from './constraint-texts.js';

const orphan = (table: TableFacts, { columns, target }: ForeignKey): string => {
  const given = columns.map((name) => `NEW.${identifier(name)} IS NOT NULL`);
  const matches = target.columns.map(
    (name, i) => `${identifier(name)} = NEW.${identifier(columns[i] ?? '')}`,
  );
  const itself = target.columns.map(
    (name, i) => `NEW.${identifier(name)} IS NEW.${identifier(columns[i] ?? '')}`,
  );
  const conditions = [
    ...given,
    // a row may refer to itself before it exists
    ...(target.table === table.name ? [`NOT (${itself.join(' AND ')})`] : []),
    `NOT EXISTS (SELECT 1 FROM ${identifier(target.table)} WHERE ${matches.join(' AND ')})`,
  ];
  return all(conditions);
};

/**
 * Generates triggers that refuse a row if a row that it references is missing, even while SQLite's own foreign keys are
 * off. They are off by default in the sqlite3 shell and in every new connection (sqlite.org/foreignkeys.html, section
 * 2).
 */
export function foreignKeyGuards(table: TableFacts): readonly string[] {
  // a trigger cannot wait for the end of the transaction
  const checked = table.foreignKeys.filter(({ deferrable }) => !deferrable);
  return checked.flatMap((key) =>
    (
      [
        ['insert', 'INSERT'],
        ['update', `UPDATE OF ${identifiers(key.columns)}`],
      ] as const
    ).map(
      ([suffix, event]) =>
        sqliteTrigger({
          name: `${key.name}_${suffix}`,
          on: `BEFORE ${event}`,
          table: table.name,
          when: orphan(table, key),
          body: [`SELECT RAISE(ABORT, ${literal(foreignKeyText(key.name, 'missing'))})`],
        }).sql,
    ),
  );
}

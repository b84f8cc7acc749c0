import type { ForeignKey, TableFacts } from '../../../contract/table.js';
import { identifier, identifiers, literal } from '../../../model/index.js';

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
    // a row may refer to itself, which is not there yet
    ...(target.table === table.name ? [`NOT (${itself.join(' AND ')})`] : []),
    `NOT EXISTS (SELECT 1 FROM ${identifier(target.table)} WHERE ${matches.join(' AND ')})`,
  ];
  return conditions.join('\n  AND ');
};

/**
 * Triggers that refuse orphans where SQLite's own foreign keys are off, as they are in the sqlite3 shell and in every
 * connection that does not ask for them (sqlite.org/foreignkeys.html, section 2).
 */
export const foreignKeyGuards = (table: TableFacts): string[] =>
  table.foreignKeys.flatMap((key) =>
    (
      [
        ['insert', 'INSERT'],
        ['update', `UPDATE OF ${identifiers(key.columns)}`],
      ] as const
    ).map(([suffix, event]) =>
      [
        `CREATE TRIGGER ${identifier(`${key.name}_${suffix}`)} BEFORE ${event} ON ${identifier(table.name)}`,
        `WHEN ${orphan(table, key)}`,
        'BEGIN',
        `  SELECT RAISE(ABORT, ${literal(`FOREIGN KEY constraint failed: ${key.name}`)});`,
        'END',
      ].join('\n'),
    ),
  );

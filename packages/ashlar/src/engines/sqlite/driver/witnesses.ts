import type { GuardedTable } from '../../../contract/guarantee.js';
import type { ForeignKey, TableFacts } from '../../../contract/table.js';
import { identifier, literal, refusesDelete, refusesUpdate } from '../../../model/index.js';
import { all, any } from '../../../sql/conditions.js';
import { uniqueExpressions } from '../../../sql/declared-indexes.js';
import { emptied, replacing, rowidOf, sqliteKey } from '../../../sql/sqlite-keys.js';
import { foreignKeyText, notNullText, uniqueKeyText } from '../schema/constraint-texts.js';

/** A condition on OLD or NEW under which a row violates a constraint, and SQLite's text with the constraint's name. */
export interface Witness {
  /** The event and the table: `DELETE ON main.folders`. */
  readonly event: string;
  readonly when: string;
  readonly text: string;
}

const from = (table: string): string => `main.${identifier(table)}`;

const referenced = (table: TableFacts, key: ForeignKey): readonly Witness[] => {
  const { name, columns, target } = key;
  const same = columns.map(
    (column, at) => `referencing.${identifier(column)} = OLD.${identifier(target.columns[at] ?? '')}`,
  );
  // a row that refers to itself may be deleted
  const itself = table.primaryKey.columns.map(
    (column) => `referencing.${identifier(column)} IS OLD.${identifier(column)}`,
  );
  const others = target.table === table.name ? [...same, `NOT (${itself.join(' AND ')})`] : same;
  const exists = `EXISTS (SELECT 1 FROM ${from(table.name)} AS referencing WHERE ${others.join(' AND ')})`;
  const moved = target.columns.map((column) => `OLD.${identifier(column)} IS NOT NEW.${identifier(column)}`);
  const text = foreignKeyText(name, 'referenced');
  return [
    ...(refusesDelete(key) ? [{ event: `DELETE ON ${from(target.table)}`, when: exists, text }] : []),
    ...(refusesUpdate(key)
      ? [{ event: `UPDATE ON ${from(target.table)}`, when: all([`(${any(moved)})`, exists]), text }]
      : []),
  ];
};

/** The witnesses of all foreign keys whose parent rows a statement may delete or change. */
export function foreignKeyWitnesses(tables: readonly GuardedTable[]): readonly Witness[] {
  return tables.flatMap((table) =>
    // a deferrable key fails at COMMIT
    table.foreignKeys.filter(({ deferrable }) => !deferrable).flatMap((key) => referenced(table, key)),
  );
}

/** The witnesses of a table's unique keys, the primary key first, as PostgreSQL checks them. */
export function uniqueWitnesses(table: GuardedTable): readonly Witness[] {
  const keys = [
    { ...table.primaryKey, where: undefined },
    ...table.uniques.map((key) => ({ ...key, where: undefined })),
    ...table.indexes
      .filter(({ unique }) => unique)
      .map((index) => ({ ...index, where: index.where?.sqlite })),
    ...uniqueExpressions(table).map((index) => ({ name: index.name, ...sqliteKey(index) })),
  ];
  const another = `${rowidOf(table)} <> OLD.${rowidOf(table)}`;
  // a required column without a value, which OR REPLACE would fill in
  const empty = keys
    .flatMap(({ columns }) => columns)
    .flatMap((column) =>
      emptied(table, [{ columns: [column], where: undefined }]).map((when) => ({
        event: `INSERT ON ${from(table.name)}`,
        when,
        text: notNullText(table.name, column),
      })),
    );
  return [
    ...empty,
    ...keys.flatMap((key) => {
      const text = uniqueKeyText(table.name, key.name);
      return [
        {
          event: `INSERT ON ${from(table.name)}`,
          when: any(replacing(table, [key], [], from(table.name))),
          text,
        },
        {
          event: `UPDATE ON ${from(table.name)}`,
          when: any(replacing(table, [key], [another], from(table.name))),
          text,
        },
      ];
    }),
  ];
}

/** Returns the statement that creates a witness as a temporary trigger, which runs before the table's own triggers. */
export function witnessSql({ event, when, text }: Witness, name: string): string {
  return `CREATE TEMP TRIGGER ${name} BEFORE ${event} WHEN ${when} BEGIN SELECT RAISE(ABORT, ${literal(text)}); END`;
}

import type { SchemaColumn, SchemaTable } from '../../../contract/schema.js';
import { identifier, identifiers } from '../../../model/index.js';
import { codeOf } from '../../../sql/code.js';
import { nameList } from './layout.js';
import { renderTable } from './render.js';

/** Of a table's column in the new form, the name it had in the old one. */
export type FormerName = (column: string) => string;

const counts = (table: SchemaTable): boolean =>
  table.columns.some(({ rest }) => codeOf(rest, 'sqlite').some(({ word }) => word === 'AUTOINCREMENT'));

// STRICT columns convert numbers and their text themselves, and refuse what would lose something; CAST would not
const copied = (from: SchemaColumn, to: SchemaColumn): string => {
  const name = identifier(from.name);
  const bytes = (from.type === 'BLOB') !== (to.type === 'BLOB');
  return bytes ? `CAST(${name} AS ${to.type})` : name;
};

/**
 * Replaces a table by one of another form with the same rows, by the procedure of
 * https://sqlite.org/lang_altertable.html#otheralter. Runs with foreign keys not enforced.
 *
 * @param create - the CREATE TABLE of the new form under the name `TABLE_new`; rendered from `after` when left out
 */
export const rebuildTable = (
  before: SchemaTable,
  after: SchemaTable,
  formerName: FormerName,
  create?: string,
): string[] => {
  const table = identifier(after.name);
  const temporary = `${after.name}_new`;
  const replacement = identifier(temporary);
  const kept = after.columns.flatMap((column) => {
    const former = before.columns.find(({ name }) => name === formerName(column.name));
    return former ? [{ column, former }] : [];
  });
  const into = nameList(identifiers(kept.map(({ column }) => column.name)));
  const from = nameList(kept.map(({ column, former }) => copied(former, column)).join(', ')).slice(1, -1);
  return [
    create ?? renderTable(after, temporary),
    ...(kept.length > 0 ? [`INSERT INTO ${replacement} ${into}\nSELECT ${from.trim()}\nFROM ${table}`] : []),
    ...(counts(before) && counts(after) ? keepSequence(after.name, temporary) : []),
    `DROP TABLE ${table}`,
    // triggers of other tables may name this one, which at this moment is not there
    'PRAGMA legacy_alter_table = ON',
    `ALTER TABLE ${replacement} RENAME TO ${table}`,
    'PRAGMA legacy_alter_table = OFF',
    ...[...after.indexes, ...after.triggers].map(({ definition }) => definition),
  ];
};

// a number that was given out stays used, also when its row is gone
const keepSequence = (table: string, temporary: string): string[] => [
  `DELETE FROM sqlite_sequence WHERE name = '${temporary}'`,
  `INSERT INTO sqlite_sequence (name, seq) SELECT '${temporary}', seq FROM sqlite_sequence WHERE name = '${table}'`,
];

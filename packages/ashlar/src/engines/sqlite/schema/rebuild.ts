import type { SchemaColumn, SchemaTable } from '../../../contract/schema.js';
import { identifier } from '../../../model/index.js';
import { codeOf, withoutQualifier } from '../../../sql/code.js';
import { copiedValue } from './conversions.js';
import { type FormerName, keptRowids } from './kept-rowids.js';
import { nameList } from './layout.js';
import { renderTable } from './render.js';
import { replacementName } from './replacement.js';

/** Returns whether SQLite computes a described column from others. */
export function isComputed({ rest }: SchemaColumn): boolean {
  return codeOf(rest, 'sqlite').some(({ word }, at, all) => word === 'AS' && all[at + 1]?.text === '(');
}

const counts = (table: SchemaTable): boolean =>
  table.columns.some(({ rest }) => codeOf(rest, 'sqlite').some(({ word }) => word === 'AUTOINCREMENT'));

/**
 * Generates the statements that rebuild a table with a new schema and keep its rows with their rowids, as
 * https://sqlite.org/lang_altertable.html#otheralter describes. Runs with foreign keys not enforced.
 *
 * @param create - the CREATE TABLE of the new schema under {@link replacementName}; rendered from `after` by default
 * @param filled - the values of columns that only the new schema has: column → SQL literal
 */
export function rebuildTable(
  before: SchemaTable,
  after: SchemaTable,
  formerName: FormerName,
  create?: string,
  filled: ReadonlyMap<string, string> = new Map(),
): string[] {
  const table = identifier(after.name);
  const temporary = replacementName(after.name);
  const replacement = identifier(temporary);
  const kept = after.columns.flatMap((column) => {
    // SQLite computes such a value for the row that is copied
    if (isComputed(column)) return [];
    const former = before.columns.find(({ name }) => name === formerName(column.name));
    return former ? [{ column, former }] : [];
  });
  const rowids = keptRowids(before, after, formerName);
  const [rowidInto, rowidFrom] = typeof rowids === 'string' ? [[], []] : [[rowids.into], [rowids.from]];
  const into = nameList([
    ...rowidInto,
    ...[...kept.map(({ column }) => column.name), ...filled.keys()].map(identifier),
  ]);
  const from = nameList([
    ...rowidFrom,
    ...kept.map(({ column, former }) => copiedValue([before, former], [after, column])),
    ...filled.values(),
  ]).slice(1, -1);
  return [
    // a CHECK that names its table would name the one that this replaces
    withoutQualifier(create ?? renderTable(after, temporary), after.name, 'sqlite'),
    ...(kept.length > 0 ? [`INSERT INTO ${replacement} ${into}\nSELECT ${from.trim()}\nFROM ${table}`] : []),
    ...(counts(before) && counts(after) ? keepSequence(after.name, temporary) : []),
    `DROP TABLE ${table}`,
    // triggers of other tables may name this one, which does not exist at this point
    'PRAGMA legacy_alter_table = ON',
    `ALTER TABLE ${replacement} RENAME TO ${table}`,
    'PRAGMA legacy_alter_table = OFF',
    ...[...after.indexes, ...after.triggers].map(({ definition }) => definition),
  ];
}

// an assigned number is never reused, also when its row was deleted
const keepSequence = (table: string, temporary: string): string[] => [
  `DELETE FROM sqlite_sequence WHERE name = '${temporary}'`,
  `INSERT INTO sqlite_sequence (name, seq) SELECT '${temporary}', seq FROM sqlite_sequence WHERE name = '${table}'`,
];

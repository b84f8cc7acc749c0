import { isUtf8 } from 'node:buffer';
import type { BadValue, BulkRow, BulkTable, Place, RowBatch, RowForm } from '../../../contract/bulk.js';
import { identifier } from '../../../model/index.js';
import { rowKeyText } from '../../bulk/row-key.js';
import { lineWriter } from '../../bulk/row-line.js';
import type { DriverDatabase } from '../driver/driver.js';
import { type ReadValue, readValueOf, selected, Unreadable } from './bulk-value.js';
import { lineReader } from './line-reader.js';
import { decodePlace, encodePlace, isStrict, placeColumns } from './place.js';

const mostRows = 2_000;
const mostBytes = 262_144;

/** Reads the rows of a table behind a place, in the order of their places. */
export async function* readRows(
  database: DriverDatabase,
  table: BulkTable,
  start: Place | undefined,
  form: RowForm,
  onBad: (bad: BadValue) => void,
): AsyncGenerator<RowBatch> {
  const key = placeColumns(database, table.name);
  const fast = form === 'lines' && isStrict(database, table.name) ? lineReader(table.columns) : undefined;
  let hasBad = false;
  const slow = valueReader(database, table, key, (bad) => {
    hasBad = true;
    onBad(bad);
  });
  const columns = [...key, ...(fast ?? slow).columns].join(', ');
  const select = `SELECT ${columns} FROM ${identifier(table.name)}`;
  const order = `ORDER BY ${key.join(', ')} LIMIT ${mostRows}`;
  const prepared = (where: string) =>
    database.prepare<unknown[], unknown[]>(`${select} ${where} ${order}`).raw().safeIntegers(true);
  const first = prepared('');
  const next = prepared(`WHERE (${key.join(', ')}) > (${key.map(() => '?').join(', ')})`);
  const isJson = table.columns.map(({ kind }) => kind === 'json');
  const withStoredJson = (row: BulkRow, found: readonly unknown[]): BulkRow =>
    row.map((value, at) => (isJson[at] && value !== null ? (found[at + key.length] as string) : value));
  let behind = start === undefined ? undefined : decodePlace(start);
  for (;;) {
    const rows: BulkRow[] = [];
    const lines: (string | undefined)[] = [];
    /** Rows whose values were read, and those that still have to be, by their positions. */
    const later: { readonly at: number; readonly found: readonly unknown[] }[] = [];
    let size = 0;
    let last: readonly unknown[] | undefined;
    for (const found of behind ? next.iterate(behind) : first.iterate()) {
      last = found;
      const line = fast?.line(found, key.length);
      if (line === undefined) later.push({ at: lines.length, found });
      lines.push(line);
      size += line?.length ?? lengthOf(found);
      if (size > mostBytes) break;
    }
    if (!last) return;
    for (const { at, found } of later) {
      const read = fast ? slow.again(found.slice(0, key.length)) : slow.read(found);
      if (!read) continue;
      lines[at] = read.line;
      if (form !== 'lines') rows.push(form === 'rows' ? read.row : withStoredJson(read.row, found));
    }
    behind = last.slice(0, key.length);
    const kept = later.length === 0 ? lines : lines.filter((line) => line !== undefined);
    yield { rows, lines: kept as readonly string[], place: encodePlace(behind), size };
    // a key whose bytes are no text is no place: rows behind it would be passed over, or read for ever
    if (hasBad && behind.some((part) => typeof part === 'string' && part.includes('\uFFFD'))) return;
  }
}

const lengthOf = (found: readonly unknown[]): number =>
  found.reduce<number>(
    (sum, value) => sum + (typeof value === 'string' || Buffer.isBuffer(value) ? value.length : 9),
    0,
  );

/** Reads each value of a row; reports those that cannot be read, and returns `undefined` if there is one. */
const valueReader = (
  database: DriverDatabase,
  table: BulkTable,
  key: readonly string[],
  onBad: (bad: BadValue) => void,
) => {
  const values = table.columns.map(readValueOf);
  const columns = table.columns.map(selected);
  const lineOf = lineWriter(table.columns);
  const one = `SELECT ${[...key, ...columns].join(', ')} FROM ${identifier(table.name)} WHERE (${key.join(', ')}) = (${key.map(() => '?').join(', ')})`;
  const read = (found: readonly unknown[]): { row: BulkRow; line: string } | undefined => {
    let row: BulkRow;
    try {
      row = values.map((value, at) => {
        const stored = found[at + key.length];
        return stored === null ? null : value(stored);
      });
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      for (const bad of unreadable(table, values, found.slice(key.length))) onBad(bad);
      return undefined;
    }
    const line = lineOf(row);
    // the driver gives U+FFFD for each byte that is no UTF-8
    const isBad =
      line.includes('\uFFFD') && isBroken(database, table, key, found.slice(0, key.length), row, onBad);
    return isBad ? undefined : { row, line };
  };
  const prepared = database.prepare<unknown[], unknown[]>(one).raw().safeIntegers(true);
  return { columns, read, again: (at: readonly unknown[]) => read(prepared.get(at) ?? []) };
};

/** Reports the texts of a row that are no UTF-8; returns whether there is one. */
const isBroken = (
  database: DriverDatabase,
  table: BulkTable,
  key: readonly string[],
  at: readonly unknown[],
  row: BulkRow,
  onBad: (bad: BadValue) => void,
): boolean => {
  // SQLite itself converts the texts of such a file, and bytes that are no text there are U+FFFD before the driver reads them
  if (database.pragma('encoding', { simple: true }) !== 'UTF-8') return false;
  let isBad = false;
  for (const [position, { name }] of table.columns.entries()) {
    const value = row[position];
    if (typeof value !== 'string' || !value.includes('\uFFFD')) continue;
    const bytes = database
      .prepare(
        `SELECT CAST(${identifier(name)} AS BLOB) FROM ${identifier(table.name)} WHERE (${key.join(', ')}) = (${key.map(() => '?').join(', ')})`,
      )
      .pluck()
      .get(at);
    if (Buffer.isBuffer(bytes) && isUtf8(bytes)) continue;
    isBad = true;
    onBad({ table: table.name, key: rowKeyText(table, row), column: name, why: 'The text is no UTF-8.' });
  }
  return isBad;
};

/** The values of a row that cannot be read. */
const unreadable = (
  table: BulkTable,
  read: readonly ReadValue[],
  stored: readonly unknown[],
): readonly BadValue[] =>
  stored.flatMap((value, at) => {
    try {
      if (value !== null) read[at]?.(value);
      return [];
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      return [
        { table: table.name, key: keyOf(table, stored), column: table.columns[at]?.name, why: error.message },
      ];
    }
  });

// the key of a row that cannot be read is shown as it is stored
const keyOf = (table: BulkTable, stored: readonly unknown[]): string =>
  rowKeyText(
    table,
    stored.map((value) =>
      Buffer.isBuffer(value) ? value.toString('hex') : value === null ? null : String(value),
    ),
  );

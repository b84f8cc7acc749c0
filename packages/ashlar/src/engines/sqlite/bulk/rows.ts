import { isUtf8 } from 'node:buffer';
import type { BadValue, BulkRow, BulkTable, Place, RowBatch } from '../../../contract/bulk.js';
import { identifier } from '../../../model/index.js';
import { rowKeyText } from '../../bulk/row-key.js';
import { lineWriter } from '../../bulk/row-line.js';
import type { DriverDatabase } from '../driver/driver.js';
import { type ReadValue, readValueOf, selected, Unreadable } from './bulk-value.js';
import { decodePlace, encodePlace, placeColumns } from './place.js';

const mostRows = 2_000;
const mostBytes = 262_144;

/** Reads the rows of a table behind a place, in the order of their places. */
export async function* readRows(
  database: DriverDatabase,
  table: BulkTable,
  start: Place | undefined,
  onBad: (bad: BadValue) => void,
): AsyncGenerator<RowBatch> {
  const key = placeColumns(database, table.name);
  const width = key.length;
  const read = table.columns.map(readValueOf);
  const lineOf = lineWriter(table.columns);
  const columns = [...key, ...table.columns.map(selected)].join(', ');
  const select = `SELECT ${columns} FROM ${identifier(table.name)}`;
  const order = `ORDER BY ${key.join(', ')} LIMIT ${mostRows}`;
  const first = database.prepare<unknown[], unknown[]>(`${select} ${order}`).raw().safeIntegers(true);
  const next = database
    .prepare<unknown[], unknown[]>(
      `${select} WHERE (${key.join(', ')}) > (${key.map(() => '?').join(', ')}) ${order}`,
    )
    .raw()
    .safeIntegers(true);
  let behind = start === undefined ? undefined : decodePlace(start);
  for (;;) {
    const rows: BulkRow[] = [];
    const lines: string[] = [];
    const suspect: { found: readonly unknown[]; row: BulkRow; line: string }[] = [];
    let size = 0;
    let last: readonly unknown[] | undefined;
    for (const found of behind ? next.iterate(behind) : first.iterate()) {
      last = found;
      let row: BulkRow;
      try {
        row = read.map((value, at) => {
          const stored = found[at + width];
          return stored === null ? null : value(stored);
        });
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error;
        for (const bad of unreadable(table, read, found.slice(width))) onBad(bad);
        continue;
      }
      const line = lineOf(row);
      if (line.includes('\uFFFD')) suspect.push({ found, row, line });
      else {
        rows.push(row);
        lines.push(line);
      }
      size += line.length;
      if (size > mostBytes) break;
    }
    if (!last) return;
    // the driver gives U+FFFD for each byte that is no UTF-8
    for (const { found, row, line } of suspect) {
      if (isBroken(database, table, key, found.slice(0, width), row, onBad)) continue;
      rows.push(row);
      lines.push(line);
    }
    behind = last.slice(0, width);
    yield { rows, lines, place: encodePlace(behind), size };
  }
}

/** Reports the texts of a row that are no UTF-8; returns whether there is one. */
const isBroken = (
  database: DriverDatabase,
  table: BulkTable,
  key: readonly string[],
  at: readonly unknown[],
  row: BulkRow,
  onBad: (bad: BadValue) => void,
): boolean => {
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

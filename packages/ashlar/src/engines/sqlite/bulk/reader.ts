import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import type {
  BadValue,
  BulkReader,
  BulkRow,
  BulkTable,
  BulkValue,
  Place,
  RowBatch,
} from '../../../contract/bulk.js';
import { identifier } from '../../../model/index.js';
import { rowKeyText } from '../../bulk/row-key.js';
import { type ConnectionSettings, connect } from '../driver/connect.js';
import type { DriverDatabase } from '../driver/driver.js';
import { sqliteError } from '../driver/errors.js';
import { exactNumber } from '../values/codec.js';
import { readValueOf, Unreadable } from './bulk-value.js';
import { generators } from './generators.js';
import { decodePlace, encodePlace, placeColumns } from './place.js';

const mostRows = 2_000;
const mostBytes = 1_048_576;

/**
 * Opens a connection of its own, which holds a read transaction until it is closed. The file must be in WAL mode, so that
 * writers need not wait.
 */
export function openBulkReader(settings: ConnectionSettings): BulkReader {
  const connection = guarded(() => connect(settings, 'reader'));
  try {
    return guarded(() => new SqliteBulkReader(connection.database, () => connection.close()));
  } catch (error) {
    connection.close();
    throw error;
  }
}

const guarded = <T>(work: () => T): T => {
  try {
    return work();
  } catch (error) {
    throw sqliteError(error);
  }
};

class SqliteBulkReader implements BulkReader {
  readonly identity: string;
  readonly layout: string;
  readonly #database: DriverDatabase;
  readonly #close: () => void;
  readonly #version: unknown;

  constructor(database: DriverDatabase, close: () => void) {
    this.#database = database;
    this.#close = close;
    // within a transaction it does not change: https://sqlite.org/pragma.html#pragma_data_version
    this.#version = database.pragma('data_version', { simple: true });
    database.exec('BEGIN');
    // VACUUM may give rows other numbers, and changes it
    this.layout = String(database.pragma('schema_version', { simple: true }));
    this.identity = identityOf(database);
  }

  readonly run: BulkReader['run'] = async (sql, parameters = []) =>
    guarded(() => {
      const rows = this.#database
        .prepare<unknown[], Record<string, unknown>>(sql)
        .safeIntegers(true)
        .all(parameters);
      for (const row of rows) for (const name of Object.keys(row)) row[name] = exactNumber(name, row[name]);
      return rows;
    });

  async *rows(
    table: BulkTable,
    start: Place | undefined,
    onBad: (bad: BadValue) => void,
  ): AsyncGenerator<RowBatch> {
    const key = placeColumns(this.#database, table.name);
    const read = table.columns.map(readValueOf);
    const columns = [...key, ...table.columns.map(({ name }) => identifier(name))].join(', ');
    const select = `SELECT ${columns} FROM ${identifier(table.name)}`;
    const order = `ORDER BY ${key.join(', ')} LIMIT ${mostRows}`;
    const first = this.#database.prepare<unknown[], unknown[]>(`${select} ${order}`).raw().safeIntegers(true);
    const next = this.#database
      .prepare<unknown[], unknown[]>(
        `${select} WHERE (${key.join(', ')}) > (${key.map(() => '?').join(', ')}) ${order}`,
      )
      .raw()
      .safeIntegers(true);
    let behind = start === undefined ? undefined : decodePlace(start);
    for (;;) {
      const rows: BulkRow[] = [];
      const suspect: { row: BulkRow; key: readonly unknown[] }[] = [];
      let size = 0;
      let last: readonly unknown[] | undefined;
      for (const found of behind ? next.iterate(behind) : first.iterate()) {
        last = found.slice(0, key.length);
        const row = new Array<BulkValue>(read.length);
        let isBad = false;
        let isSuspect = false;
        for (let at = 0; at < read.length; at++) {
          const stored = found[at + key.length];
          let value: BulkValue = null;
          if (stored !== null) {
            try {
              value = (read[at] as (stored: unknown) => BulkValue)(stored);
            } catch (error) {
              if (!(error instanceof Unreadable)) throw error;
              isBad = true;
              onBad({
                table: table.name,
                key: keyOf(table, found.slice(key.length)),
                column: table.columns[at]?.name,
                why: error.message,
              });
            }
          }
          row[at] = value;
          if (typeof value !== 'string') size += 9;
          else {
            size += value.length + 1;
            if (typeof stored === 'string' && stored.includes('\uFFFD')) isSuspect = true;
          }
        }
        if (isSuspect) suspect.push({ row, key: last });
        if (!isBad) rows.push(row);
        if (size > mostBytes) break;
      }
      // the driver gives U+FFFD for each byte that is no UTF-8
      for (const { row, key: at } of suspect) {
        if (this.#assertUtf8(table, key, at, row, onBad)) rows.splice(rows.indexOf(row), 1);
      }
      if (!last) return;
      behind = last;
      yield { rows, place: encodePlace(last), size };
    }
  }

  async generators(tables: Parameters<BulkReader['generators']>[0]): Promise<ReadonlyMap<string, bigint>> {
    return guarded(() => generators(this.#database, tables));
  }

  async changed(): Promise<boolean> {
    return guarded(() => {
      if (this.#database.inTransaction) this.#database.exec('COMMIT');
      return this.#database.pragma('data_version', { simple: true }) !== this.#version;
    });
  }

  async close(): Promise<void> {
    this.#close();
  }

  /** Reports the texts of a row that are no UTF-8; returns whether there is one. */
  #assertUtf8(
    table: BulkTable,
    key: readonly string[],
    at: readonly unknown[],
    row: BulkRow,
    onBad: (bad: BadValue) => void,
  ): boolean {
    let isBad = false;
    for (const [position, { name }] of table.columns.entries()) {
      const value = row[position];
      if (typeof value !== 'string' || !value.includes('\uFFFD')) continue;
      const bytes = this.#database
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
  }
}

// the key of a row that cannot be read is shown as it is stored
const keyOf = (table: BulkTable, stored: readonly unknown[]): string =>
  rowKeyText(
    table,
    stored.map((value) =>
      Buffer.isBuffer(value) ? value.toString('hex') : value === null ? null : String(value),
    ),
  );

/** The history with its times: no two databases share them, and a copied file keeps them. */
const identityOf = (database: DriverDatabase): string => {
  const exists = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'ashlar_migrations'").get();
  const lines = exists
    ? database
        .prepare<unknown[], unknown[]>(
          'SELECT system, step, checksum, applied_at, applied_by FROM ashlar_migrations ORDER BY 1, 2',
        )
        .raw()
        .all()
    : [];
  return createHash('sha256').update(JSON.stringify(lines)).digest('hex');
};

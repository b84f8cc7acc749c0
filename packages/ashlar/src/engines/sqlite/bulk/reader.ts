import { createHash } from 'node:crypto';
import type { BadValue, BulkReader, BulkTable, Place, RowBatch, RowForm } from '../../../contract/bulk.js';
import { identifier } from '../../../model/index.js';
import { type ConnectionSettings, connect } from '../driver/connect.js';
import type { DriverDatabase } from '../driver/driver.js';
import { sqliteError } from '../driver/errors.js';
import { exactNumber } from '../values/codec.js';
import { generators } from './generators.js';
import { readRows } from './rows.js';

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
    form: RowForm,
    onBad: (bad: BadValue) => void,
  ): AsyncGenerator<RowBatch> {
    try {
      yield* readRows(this.#database, table, start, form, onBad);
    } catch (error) {
      throw sqliteError(error);
    }
  }

  async generators(tables: Parameters<BulkReader['generators']>[0]): Promise<ReadonlyMap<string, bigint>> {
    return guarded(() => generators(this.#database, tables));
  }

  async sequences(): Promise<ReadonlyMap<string, never>> {
    return new Map<string, never>();
  }

  async months(table: string, column: string): Promise<readonly string[]> {
    return guarded(() =>
      this.#database
        .prepare<unknown[], string>(
          `SELECT DISTINCT substr(${identifier(column)}, 1, 7) FROM ${identifier(table)} ORDER BY 1`,
        )
        .pluck()
        .all(),
    );
  }

  // the version of the file says it, whatever was written
  async changed(): Promise<boolean> {
    return guarded(() => {
      if (this.#database.inTransaction) this.#database.exec('COMMIT');
      return this.#database.pragma('data_version', { simple: true }) !== this.#version;
    });
  }

  async close(): Promise<void> {
    this.#close();
  }
}

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

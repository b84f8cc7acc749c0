import {
  blindIndexes,
  type DataKeys,
  decryptRow,
  encryptValues,
  type Rows,
  type Steps,
  type Values,
} from '../encryption/index.js';
import type { Table } from '../model/index.js';
import type { SessionParts } from './parts.js';
import { keyValues } from './statements.js';
import { notFound } from './values.js';

type Row = Record<string, unknown>;

/** What sessions do with a table that has ciphered columns, whether their engine answers at once or later. */
export class EncryptedTables {
  readonly #parts: SessionParts;
  readonly #keys: DataKeys;

  constructor(parts: SessionParts, keys: DataKeys) {
    this.#parts = parts;
    this.#keys = keys;
  }

  /** Values to insert, encrypted. */
  values(table: Table, values: Values): Steps<Values> {
    return encryptValues(this.#keys, table, values);
  }

  *insert(table: Table, values: Values): Steps<Row> {
    const encryption = yield* encryptValues(this.#keys, table, values);
    const [row = {}] = yield this.#parts.statements.insert(table, encryption);
    return yield* decryptRow(this.#keys, table, row);
  }

  *update(table: Table, key: unknown, values: Values): Steps<Row> {
    const given = keyValues(table, key);
    // what is encrypted is bound to the row's scope and to its key as the database has them
    const [stored] = yield this.#parts.statements.get(table, given);
    if (!stored) throw notFound(table);
    const encryption = yield* encryptValues(this.#keys, table, values, stored);
    const [row] = yield this.#parts.statements.update(table, given, encryption);
    if (!row) throw notFound(table);
    return yield* decryptRow(this.#keys, table, row);
  }

  *get(table: Table, key: unknown): Steps<Row | undefined> {
    const [row] = yield this.#parts.statements.get(table, keyValues(table, key));
    return row && (yield* decryptRow(this.#keys, table, row));
  }

  *decrypt(table: Table, rows: Rows): Steps<Row[]> {
    const opened: Row[] = [];
    for (const row of rows) opened.push(yield* decryptRow(this.#keys, table, row));
    return opened;
  }

  blindIndex(table: Table, column: string, scope: string, value: unknown): Steps<Uint8Array<ArrayBuffer>[]> {
    return blindIndexes({ keys: this.#keys, table, column, scope, value });
  }
}

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
import { notFound } from './values.js';

type Row = Record<string, unknown>;

/**
 * Reads and writes rows of tables with encrypted columns; its methods return {@link Steps}, which both synchronous and
 * asynchronous engines can run.
 */
export class EncryptedTables {
  readonly #parts: SessionParts;
  readonly #keys: DataKeys;

  constructor(parts: SessionParts, keys: DataKeys) {
    this.#parts = parts;
    this.#keys = keys;
  }

  /** Encrypts the values of a new row. */
  values(table: Table, values: Values): Steps<Values> {
    return encryptValues(this.#keys, table, values);
  }

  *insert(table: Table, values: Values): Steps<Row> {
    const encrypted = yield* encryptValues(this.#keys, table, values);
    const [row = {}] = yield this.#parts.statements.insert(table, encrypted);
    return yield* decryptRow(this.#keys, table, row);
  }

  *update(table: Table, key: Values, values: Values): Steps<Row> {
    // ciphertexts are bound to the scope and the key that the stored row has
    const [stored] = yield this.#parts.statements.get(table, key);
    if (!stored) throw notFound(table);
    const encrypted = yield* encryptValues(this.#keys, table, values, stored);
    const [row] = yield this.#parts.statements.update(table, key, encrypted);
    if (!row) throw notFound(table);
    return yield* decryptRow(this.#keys, table, row);
  }

  *get(table: Table, key: Values): Steps<Row | undefined> {
    const [row] = yield this.#parts.statements.get(table, key);
    return row && (yield* decryptRow(this.#keys, table, row));
  }

  *decrypt(table: Table, rows: Rows): Steps<Row[]> {
    const decrypted: Row[] = [];
    for (const row of rows) decrypted.push(yield* decryptRow(this.#keys, table, row));
    return decrypted;
  }

  blindIndex(table: Table, column: string, scope: string, value: unknown): Steps<Uint8Array<ArrayBuffer>[]> {
    return blindIndexes({ keys: this.#keys, table, column, scope, value });
  }
}

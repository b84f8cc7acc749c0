import {
  blindIndexes,
  type DataKeys,
  openRow,
  type Rows,
  type Steps,
  sealValues,
  type Values,
} from '../encryption/index.js';
import type { Table } from '../model/index.js';
import type { SessionParts } from './parts.js';
import { keyValues } from './statements.js';
import { notFound } from './values.js';

type Row = Record<string, unknown>;

/** What sessions do with a table that has ciphered columns, whether their engine answers at once or later. */
export class Sealing {
  readonly #parts: SessionParts;
  readonly #keys: DataKeys;

  constructor(parts: SessionParts, keys: DataKeys) {
    this.#parts = parts;
    this.#keys = keys;
  }

  /** Values to insert, encrypted. */
  values(table: Table, values: Values): Steps<Values> {
    return sealValues(this.#keys, table, values);
  }

  *insert(table: Table, values: Values): Steps<Row> {
    const sealed = yield* sealValues(this.#keys, table, values);
    const [row = {}] = yield this.#parts.statements.insert(table, sealed);
    return yield* openRow(this.#keys, table, row);
  }

  *patch(table: Table, key: unknown, values: Values): Steps<Row> {
    const given = keyValues(table, key);
    // what is encrypted is bound to the row's scope and to its key as the database has them
    const [stored] = yield this.#parts.statements.get(table, given);
    if (!stored) throw notFound(table);
    const sealed = yield* sealValues(this.#keys, table, values, stored);
    const [row] = yield this.#parts.statements.patch(table, given, sealed);
    if (!row) throw notFound(table);
    return yield* openRow(this.#keys, table, row);
  }

  *get(table: Table, key: unknown): Steps<Row | undefined> {
    const [row] = yield this.#parts.statements.get(table, keyValues(table, key));
    return row && (yield* openRow(this.#keys, table, row));
  }

  *decrypt(table: Table, rows: Rows): Steps<Row[]> {
    const opened: Row[] = [];
    for (const row of rows) opened.push(yield* openRow(this.#keys, table, row));
    return opened;
  }

  blindIndex(table: Table, column: string, scope: string, value: unknown): Steps<Uint8Array<ArrayBuffer>[]> {
    return blindIndexes(this.#keys, table, column, scope, value);
  }
}

import {
  blindIndexes,
  DataKeys,
  decryptRow,
  encryptValues,
  type Rows,
  resultOf,
  runSteps,
  type Steps,
  type Values,
} from '../encryption/index.js';
import { AshlarError } from '../errors.js';
import { assertTable, columnOf, type Table } from '../model/index.js';
import { assertRowList } from './assert-call.js';
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
    assertTable(table);
    assertRowList(rows);
    const decrypted: Row[] = [];
    for (const row of rows) assertNoAlias(table, row);
    for (const row of rows) decrypted.push(yield* decryptRow(this.#keys, table, row));
    return decrypted;
  }

  blindIndex(table: Table, column: string, scope: string, value: unknown): Steps<Uint8Array<ArrayBuffer>[]> {
    assertTable(table);
    return blindIndexes({ keys: this.#keys, table, column, scope, value });
  }
}

/** Returns a row of a table with encrypted columns, decrypted, outside any session; `undefined` if there is none. */
export async function getEncrypted(parts: SessionParts, table: Table, key: Values): Promise<Row | undefined> {
  const steps = new EncryptedTables(parts, new DataKeys(parts.encryption)).get(table, key);
  return resultOf(await runSteps(steps, async (s) => (await parts.engine.read(s.sql, s.parameters)).rows));
}

/** Throws if a row has bytes under a name that the table does not have: the ciphertext of a renamed column would stay. */
const assertNoAlias = (table: Table, row: Readonly<Record<string, unknown>>): void => {
  const lacking = table.facts.encryption?.columns.find(({ property }) => row[property] === undefined);
  if (!lacking) return;
  const alias = Object.keys(row).find((name) => !columnOf(table, name) && row[name] instanceof Uint8Array);
  if (alias === undefined) return;
  throw new AshlarError('usage', {
    message: `decrypt cannot tell which column of ${table.name} ${alias} is.`,
    detail: `The row has bytes under this name, and lacks an encrypted column of the table (${lacking.property}).`,
    suggestion: `Select encrypted columns under their own names: '${lacking.property}' instead of '${lacking.property} as ${alias}'.`,
  });
};

import type { Column } from '../contract/column.js';
import type { ColumnEncryption, TableFacts } from '../contract/table.js';
import { AshlarError } from '../errors.js';
import { propertiesOf } from '../model/index.js';
import { cellData, type Place } from './associated-data.js';
import { blindIndexOf } from './blind-index.js';
import type { DataKeys } from './data-keys.js';
import { decryptEnvelope, encryptToEnvelope, envelopeVersion } from './envelope.js';
import { plaintextBytes, plaintextValue } from './plaintext.js';
import type { Steps } from './steps.js';

/** The values of a row, by the properties of the columns. */
export type Values = Readonly<Record<string, unknown>>;

const encryptionOf = (table: TableFacts): ColumnEncryption => {
  if (table.facts.encryption) return table.facts.encryption;
  throw new AshlarError('usage', {
    message: `${table.name} has no encrypted column.`,
    suggestion: 'Declare one with ciphertext(…), and the guarantee encrypted(…).',
  });
};

/** The value of a column, given by its name, in a row. */
const valueIn = (table: TableFacts, row: Values, name: string): unknown =>
  row[table.columns[name]?.property ?? name];

// ciphertexts are bound to what the database holds
const storedForm = (table: TableFacts, name: string, value: unknown): unknown => {
  const codec = table.columns[name]?.codec;
  return codec ? codec.encode(value) : value;
};

const needed = (table: TableFacts, row: Values, name: string): unknown => {
  const value = valueIn(table, row, name);
  if (value !== undefined && value !== null) return storedForm(table, name, value);
  const [lacking = name] = propertiesOf(table, [name]);
  const all = propertiesOf(table, [encryptionOf(table).scope, ...table.primaryKey.columns]);
  throw new AshlarError('usage', {
    message: `A row of ${table.name} lacks ${lacking}, which is needed to encrypt or decrypt its values.`,
    suggestion: `Select ${all.join(', ')} as well.`,
  });
};

const scopeOf = (table: TableFacts, row: Values): string =>
  String(needed(table, row, encryptionOf(table).scope));

const placeOf = (table: TableFacts, column: string, scope: string, row: Values): Place => {
  const { boundTable, boundColumn } = encryptionOf(table);
  return {
    table: boundTable,
    column: boundColumn(column),
    scope,
    row: table.primaryKey.columns.map((name) => needed(table, row, name)),
  };
};

const isEmpty = (column: Column, value: unknown): boolean =>
  value === undefined || (value === null && column.nullable);

/**
 * Encrypts those values of a row, in the application's form, that belong to encrypted columns, and computes their blind
 * indexes.
 *
 * @param row - the scope and the primary key of the row; by default the values themselves
 *
 * @throws AshlarError `scope-shredded`, `key-missing`, `key-wrong`; `value-invalid` for a blind index that was given
 */
export function* encryptValues(
  keys: DataKeys,
  table: TableFacts,
  values: Values,
  row = values,
): Steps<Values> {
  const encryption = encryptionOf(table);
  refuseGivenIndexes(table, encryption, values);
  const filled = encryption.columns.filter((column) => !isEmpty(column, values[column.property]));
  const result: Record<string, unknown> = { ...values };
  for (const { of, into } of encryption.blindIndexes) {
    if (values[of.property] === undefined) delete result[into.property];
    else result[into.property] = null;
  }
  if (filled.length === 0) return result;
  const scope = scopeOf(table, row);
  const key = yield* keys.forEncryption(encryption.keys, scope);
  for (const column of filled) {
    const bytes = plaintextBytes(column.plaintext ?? column, values[column.property]);
    const data = cellData(placeOf(table, column.name, scope, row), key.version);
    result[column.property] = encryptToEnvelope(key.cells, key.version, bytes, data);
  }
  for (const index of encryption.blindIndexes.filter(({ of }) => filled.includes(of))) {
    result[index.into.property] = blindIndexOf(encryption, index, key, values[index.of.property]);
  }
  return result;
}

const refuseGivenIndexes = (table: TableFacts, { blindIndexes }: ColumnEncryption, values: Values): void => {
  const given = blindIndexes.find(
    ({ into }) => values[into.property] !== undefined && values[into.property] !== null,
  );
  if (!given) return;
  throw new AshlarError('value-invalid', {
    message: `${table.name}.${given.into.property}: a blind index is computed from ${given.of.property} and cannot be given.`,
    suggestion: 'Leave the column out.',
    facts: { table: table.name, columns: [given.into.property] },
  });
};

/**
 * Decrypts the values of a row's encrypted columns. The row must contain its scope and its primary key.
 *
 * @throws AshlarError `decryption-failed`, `scope-shredded`, `key-missing`, `key-wrong`
 */
export function* decryptRow(keys: DataKeys, table: TableFacts, row: Values): Steps<Record<string, unknown>> {
  const encryption = encryptionOf(table);
  const result: Record<string, unknown> = { ...row };
  for (const column of encryption.columns) {
    const value = row[column.property];
    if (value === undefined || value === null) continue;
    result[column.property] = yield* decryptCell({ keys, table, encryption, column, row });
  }
  return result;
}

interface Cell {
  readonly keys: DataKeys;
  readonly table: TableFacts;
  readonly encryption: ColumnEncryption;
  readonly column: Column;
  readonly row: Values;
}

function* decryptCell({ keys, table, encryption, column, row }: Cell): Steps<unknown> {
  const envelope = row[column.property];
  const version = envelope instanceof Uint8Array ? envelopeVersion(envelope) : undefined;
  if (!(envelope instanceof Uint8Array) || version === undefined) {
    throw failed(table, column, row, 'The stored value is not a ciphertext of Ashlar.');
  }
  const scope = scopeOf(table, row);
  const place = placeOf(table, column.name, scope, row);
  const key = yield* keys.forDecryption(encryption.keys, scope, version);
  if (!key) throw failed(table, column, row, `The scope of the row has no data key of version ${version}.`);
  const bytes = decryptEnvelope(key.cells, envelope, cellData(place, version));
  if (!bytes) {
    throw failed(
      table,
      column,
      row,
      'The ciphertext was changed, or it was encrypted for another row, column, table or scope.',
    );
  }
  return plaintextValue(column.plaintext ?? column, bytes);
}

const failed = (table: TableFacts, column: Column, row: Values, why: string): AshlarError => {
  const { columns } = table.primaryKey;
  // any other key, such as an email address, says something about the row
  const isMeaningless = columns.every((name) => table.columns[name]?.generated !== undefined);
  const which = isMeaningless
    ? `the row ${columns.map((name) => String(storedForm(table, name, valueIn(table, row, name)))).join(', ')}`
    : 'a row';
  return new AshlarError('decryption-failed', {
    message: `${table.name}.${column.property} of ${which} cannot be decrypted.`,
    detail: why,
    suggestion: 'Restore the row from a backup, and find out what changed it.',
    facts: { table: table.name, columns: [column.property] },
  });
};

// matches no row; `IN ()` would be invalid SQL
const nothing = new Uint8Array(0);

/** A value to search for in the rows of `scope`, by the blind index of a column. */
export interface IndexedValue {
  readonly keys: DataKeys;
  readonly table: TableFacts;
  /** The property of the column. */
  readonly column: string;
  readonly scope: string;
  readonly value: unknown;
}

/**
 * Returns every blind index that a value can have in the rows of a scope: one for each version of the scope's data
 * key, the newest first.
 *
 * @throws AshlarError `scope-shredded`, `key-missing`, `key-wrong`; `usage` when the column has no blind index
 */
export function* blindIndexes({
  keys,
  table,
  column,
  scope,
  value,
}: IndexedValue): Steps<Uint8Array<ArrayBuffer>[]> {
  const encryption = encryptionOf(table);
  const index = encryption.blindIndexes.find(({ of }) => of.property === column);
  if (!index) {
    throw new AshlarError('usage', {
      message: `${table.name}.${column} has no blind index.`,
      suggestion: 'Declare one: encrypted({ …, blindIndex: [{ of, into }] }).',
    });
  }
  const all = yield* keys.all(encryption.keys, scope);
  return all.length === 0 ? [nothing] : all.map((key) => blindIndexOf(encryption, index, key, value));
}

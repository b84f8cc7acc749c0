/**
 * One part of the associated data that authenticates a ciphertext. A number is a key version: four bytes, big endian.
 */
export type Part = string | number | Uint8Array;

const bytesOf = (part: Part): Uint8Array => {
  if (typeof part === 'number') {
    const bytes = Buffer.allocUnsafe(4);
    bytes.writeUInt32BE(part);
    return bytes;
  }
  return typeof part === 'string' ? Buffer.from(part) : part;
};

/**
 * Concatenates parts, with the length of each part in four bytes before it, so that two different lists never give
 * the same bytes.
 */
export function lengthPrefixed(parts: readonly Part[]): Buffer {
  const pieces: Uint8Array[] = [];
  for (const part of parts) {
    const bytes = bytesOf(part);
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32BE(bytes.length);
    pieces.push(length, bytes);
  }
  return Buffer.concat(pieces);
}

/**
 * The place where an encrypted value is stored; a ciphertext that is moved to a different place cannot be decrypted.
 */
export interface Place {
  readonly table: string;
  readonly column: string;
  readonly scope: string;
  /** The values of the row's primary key, in the order of the key's columns. */
  readonly row: readonly unknown[];
}

const keyPart = (value: unknown): Part => {
  if (value instanceof Uint8Array) return value;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
};

/** Returns the associated data that binds the ciphertext of a column's value to its place. */
export function cellData({ table, column, scope, row }: Place, keyVersion: number): Buffer {
  return lengthPrefixed([
    'ashlar/cell/v1',
    table,
    column,
    scope,
    lengthPrefixed(row.map((value) => keyPart(value))),
    keyVersion,
  ]);
}

/** Returns the associated data that binds a wrapped data key to its keyring, scope and version. */
export function dataKeyData(keyring: string, scope: string, version: number, masterVersion: number): Buffer {
  return lengthPrefixed(['ashlar/data-key/v1', keyring, scope, version, masterVersion]);
}

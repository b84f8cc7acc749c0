/**
 * A part of the associated data with which a ciphertext is authenticated. A number is a key version: four bytes, big
 * endian.
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

/** Concatenates parts, each after its length in four bytes, so that different lists of parts give different bytes. */
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

/** The place of an encrypted value: its ciphertext cannot be decrypted at any other place. */
export interface Place {
  readonly table: string;
  readonly column: string;
  readonly scope: string;
  /** The values of the row's primary key, in the key's order. */
  readonly row: readonly unknown[];
}

const keyPart = (value: unknown): Part => {
  if (value instanceof Uint8Array) return value;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
};

/** Returns the associated data for the ciphertext of a column's value. */
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

/** Returns the associated data for a wrapped data key. */
export function dataKeyData(keyring: string, scope: string, version: number, masterVersion: number): Buffer {
  return lengthPrefixed(['ashlar/data-key/v1', keyring, scope, version, masterVersion]);
}

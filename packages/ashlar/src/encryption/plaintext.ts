import type { Column } from '../contract/column.js';

/** How the stored values of a kind are encrypted: a text as its UTF-8, bytes as they are, others as JSON. */
const forms: Readonly<Record<Column['kind'], 'text' | 'json' | 'bytes'>> = {
  text: 'text',
  integer: 'json',
  bigint: 'text',
  decimal: 'text',
  real: 'json',
  boolean: 'json',
  uuid: 'text',
  timestamp: 'text',
  date: 'text',
  inet: 'text',
  json: 'json',
  array: 'json',
  bytes: 'bytes',
};

const stored = ({ codec }: Column, value: unknown): unknown => (codec ? codec.encode(value) : value);

/**
 * Converts a column's value, in the application's form, to the bytes to encrypt. The column is the `plaintext` of the
 * encrypted column.
 */
export function plaintextBytes(column: Column, value: unknown): Uint8Array {
  if (forms[column.kind] === 'bytes') return stored(column, value) as Uint8Array;
  return Buffer.from(indexedText(column, value));
}

/** Converts decrypted bytes to a column's value, in the application's form. */
export function plaintextValue({ kind, codec }: Column, bytes: Buffer): unknown {
  const value = storedFrom(kind, bytes);
  return codec ? codec.decode(value) : value;
}

const storedFrom = (kind: Column['kind'], bytes: Buffer): unknown => {
  if (forms[kind] === 'bytes') return new Uint8Array(bytes);
  const text = bytes.toString('utf8');
  return forms[kind] === 'text' ? text : JSON.parse(text);
};

/** Returns the text from which the blind index of a value is computed: of its stored form. */
export function indexedText(column: Column, value: unknown): string {
  const form = stored(column, value);
  return forms[column.kind] === 'text' ? (form as string) : JSON.stringify(form);
}

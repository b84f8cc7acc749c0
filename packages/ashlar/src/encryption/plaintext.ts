import type { Column } from '../contract/column.js';

// kinds whose values are text; values of every other kind but bytes are encrypted as JSON
const textual: ReadonlySet<Column['kind']> = new Set(['text', 'uuid', 'timestamp', 'date', 'inet']);

/** Converts a column's value to the bytes to encrypt. The column is the `plaintext` of the encrypted column. */
export function plaintextBytes({ kind }: Column, value: unknown): Uint8Array {
  if (kind === 'bytes') return value as Uint8Array;
  return Buffer.from(textual.has(kind) ? (value as string) : JSON.stringify(value));
}

/** Converts decrypted bytes to a column's value. */
export function plaintextValue({ kind }: Column, bytes: Buffer): unknown {
  if (kind === 'bytes') return new Uint8Array(bytes);
  const text = bytes.toString('utf8');
  return textual.has(kind) ? text : JSON.parse(text);
}

/** Returns the text from which the blind index of a value is computed. */
export function indexedText({ kind }: Column, value: unknown): string {
  return textual.has(kind) ? (value as string) : JSON.stringify(value);
}

import type { Column } from '../contract/column.js';

// the kinds whose value is text as it is; every other is sealed as JSON
const textual: ReadonlySet<Column['kind']> = new Set(['text', 'uuid', 'timestamp', 'date', 'inet']);

/** The bytes of a value that are encrypted. `column` is the ciphered column's `plaintext`. */
export function plaintextBytes({ kind }: Column, value: unknown): Uint8Array {
  if (kind === 'bytes') return value as Uint8Array;
  return Buffer.from(textual.has(kind) ? (value as string) : JSON.stringify(value));
}

/** The value of bytes that were decrypted. */
export function plaintextValue({ kind }: Column, bytes: Buffer): unknown {
  if (kind === 'bytes') return new Uint8Array(bytes);
  const text = bytes.toString('utf8');
  return textual.has(kind) ? text : JSON.parse(text);
}

/** The text of a value that a blind index is made from. */
export function indexedText({ kind }: Column, value: unknown): string {
  return textual.has(kind) ? (value as string) : JSON.stringify(value);
}

import { createHmac } from 'node:crypto';
import type { BlindIndex, ColumnEncryption } from '../contract/table.js';
import { lengthPrefixed } from './associated-data.js';
import type { DataKey } from './data-key.js';
import { indexedText } from './plaintext.js';

/**
 * Computes the blind index of a value: its HMAC-SHA256 with a key that HKDF derives from the scope's data key.
 * Shredding the data key therefore makes it useless, and equal values of different scopes, tables or columns have
 * unrelated indexes.
 */
export function blindIndexOf(
  { boundTable, boundColumn }: ColumnEncryption,
  { of, into, fold }: BlindIndex,
  key: DataKey,
  value: unknown,
): Uint8Array<ArrayBuffer> {
  const info = lengthPrefixed([
    'ashlar/blind-index/v1',
    boundTable,
    boundColumn(of.name),
    boundColumn(into.name),
  ]);
  const text = indexedText(of.plaintext ?? of, value);
  return new Uint8Array(createHmac('sha256', key.derived(info)).update(fold(text)).digest());
}

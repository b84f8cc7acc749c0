import { createHmac } from 'node:crypto';
import type { BlindIndex, ColumnEncryption } from '../contract/table.js';
import { lengthPrefixed } from './associated-data.js';
import type { DataKey } from './data-key.js';
import { indexedText } from './plaintext.js';

/**
 * The blind index of a value: HMAC-SHA256 under a key of its own, which HKDF derives from the scope's data key. So it
 * is gone when the data key is shredded, and equal values of two scopes, tables or columns have nothing in common.
 */
export const blindIndexOf = (
  { boundTable, boundColumn }: ColumnEncryption,
  { of, into, fold }: BlindIndex,
  key: DataKey,
  value: unknown,
): Uint8Array<ArrayBuffer> => {
  const info = lengthPrefixed([
    'ashlar/blind-index/v1',
    boundTable,
    boundColumn(of.name),
    boundColumn(into.name),
  ]);
  const text = indexedText(of.plaintext ?? of, value);
  return new Uint8Array(createHmac('sha256', key.derived(info)).update(fold(text)).digest());
};

import { createHmac } from 'node:crypto';
import type { BlindIndex, ColumnEncryption } from '../contract/table.js';
import { lengthPrefixed } from './associated-data.js';
import type { DataKey } from './data-key.js';
import { indexedText } from './plaintext.js';

const truncated = (hash: Buffer, bits: number): Uint8Array<ArrayBuffer> => {
  const kept = new Uint8Array(hash.subarray(0, Math.ceil(bits / 8)));
  const spare = kept.length * 8 - bits;
  const last = kept.length - 1;
  kept[last] = ((kept[last] ?? 0) >> spare) << spare;
  return kept;
};

/**
 * The blind index of a value: HMAC-SHA256 under a key that HKDF derives from the scope's data key. Shredding the data
 * key therefore shreds the index, and equal values of two scopes, tables or columns give unrelated indexes.
 */
export function blindIndexOf(
  { boundTable, boundColumn }: ColumnEncryption,
  { of, into, bits, fold }: BlindIndex,
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
  return truncated(createHmac('sha256', key.derived(info)).update(fold(text)).digest(), bits);
}

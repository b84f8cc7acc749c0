import { createHash } from 'node:crypto';
import type { TreeReader } from '../../src/contract/ledger.js';
import { rootOf } from '../../src/ledger/merkle.js';

const sha256 = (...parts: Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();

/** The root exactly as RFC 9162 section 2.1.1 defines it. */
export const definedRoot = (entries: readonly Uint8Array[]): Buffer => {
  const [first] = entries;
  if (first === undefined) return sha256();
  if (entries.length === 1) return sha256(Buffer.of(0), first);
  let split = 1;
  while (split * 2 < entries.length) split *= 2;
  return sha256(Buffer.of(1), definedRoot(entries.slice(0, split)), definedRoot(entries.slice(split)));
};

/** A reader of leaf hashes in memory, which counts its calls. */
export const readerOf = (leaves: readonly Buffer[]): TreeReader & { asked: number } => ({
  asked: 0,
  subtrees(wanted) {
    this.asked += 1;
    return Promise.resolve(
      wanted.map(({ height, index }) => {
        const run = leaves.slice(index * 2 ** height, (index + 1) * 2 ** height);
        if (run.length !== 2 ** height) throw new Error(`leaves ${index}·2^${height} are not all there`);
        return rootOf(run);
      }),
    );
  },
});

/** `count` different entries. */
export const entriesOf = (count: number): Buffer[] =>
  Array.from({ length: count }, (_, at) => Buffer.from(`entry ${at}`));

/** The bytes with one bit flipped. */
export const flipBit = (bytes: Uint8Array, bit: number): Buffer => {
  const flipped = Buffer.from(bytes);
  const at = Math.floor(bit / 8) % flipped.length;
  flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << (bit % 8)), at);
  return flipped;
};

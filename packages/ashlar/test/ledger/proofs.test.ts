import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { emptyRoot, leafHash, nodeHash } from '../../src/ledger/merkle.js';
import {
  consistencyProof,
  frontierAt,
  inclusionProof,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
} from '../../src/ledger/proofs.js';
import { definedRoot, entriesOf, flipBit, readerOf } from './trees.js';

const most = 300;
const entries = entriesOf(most);
const leaves = entries.map(leafHash);
const leafAt = (at: number): Buffer => leafHash(Buffer.from(`entry ${at}`));
const rootAt = (size: number): Buffer => definedRoot(entries.slice(0, size));
const sizes = fc.integer({ min: 1, max: most });
const share = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const bits = fc.nat({ max: 255 });

test('the root and frontier of every earlier tree can be read from the current tree', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: most }), async (size) => {
      expect(await treeRoot(readerOf(leaves), size)).toEqual(rootAt(size));
      expect((await frontierAt(readerOf(leaves), size)).size).toBe(size);
    }),
  );
});

describe('an inclusion proof', () => {
  test('verifies for every leaf of every tree up to 40 leaves, with one call of the reader', async () => {
    for (let size = 1; size <= 40; size += 1)
      for (let position = 0; position < size; position += 1) {
        const reader = readerOf(leaves);
        const path = await inclusionProof(reader, position, size);
        expect(verifyInclusion({ leaf: leafAt(position), position, size, path, root: rootAt(size) })).toBe(
          true,
        );
        expect(reader.asked).toBeLessThanOrEqual(1);
      }
  });

  test('fails with any bit, hash or number changed', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, share, share, bits, async (size, whichLeaf, whichHash, bit) => {
        const position = Math.floor(whichLeaf * size);
        const [leaf, root] = [leafAt(position), rootAt(size)];
        const path = await inclusionProof(readerOf(leaves), position, size);
        expect(verifyInclusion({ leaf, position, size, path, root })).toBe(true);
        expect(verifyInclusion({ leaf: flipBit(leaf, bit), position, size, path, root })).toBe(false);
        expect(verifyInclusion({ leaf, position, size, path, root: flipBit(root, bit) })).toBe(false);
        expect(verifyInclusion({ leaf, position, size, path: [...path, root], root })).toBe(false);
        for (let other = 0; other < size; other += 1)
          if (other !== position)
            expect(verifyInclusion({ leaf, position: other, size, path, root })).toBe(false);
        if (path.length === 0) return;
        const at = Math.floor(whichHash * path.length);
        const bent = path.map((hash, index) => (index === at ? flipBit(hash, bit) : hash));
        expect(verifyInclusion({ leaf, position, size, path: bent, root })).toBe(false);
        expect(verifyInclusion({ leaf, position, size, path: path.toSpliced(at, 1), root })).toBe(false);
      }),
    );
  });

  test('of malformed arguments is false, never an error', () => {
    const root = rootAt(1);
    expect(verifyInclusion({ leaf: leafAt(0), position: 0, size: 1, path: [], root })).toBe(true);
    for (const [position, size] of [
      [1, 1],
      [-1, 1],
      [0, 0],
      [0.5, 1],
      [0, 2 ** 53],
      [Number.NaN, 1],
    ] as const)
      expect(verifyInclusion({ leaf: leafAt(0), position, size, path: [], root })).toBe(false);
    expect(verifyInclusion({ leaf: leafAt(0).subarray(1), position: 0, size: 1, path: [], root })).toBe(
      false,
    );
    expect(verifyInclusion({ leaf: leafAt(0), position: 0, size: 2, path: [Buffer.of(1)], root })).toBe(
      false,
    );
  });

  test('of a leaf outside the tree is refused', async () => {
    const refused = expect.objectContaining({ code: 'usage' });
    await expect(inclusionProof(readerOf(leaves), 5, 5)).rejects.toThrow(refused);
    await expect(inclusionProof(readerOf(leaves), -1, 5)).rejects.toThrow(refused);
    await expect(inclusionProof(readerOf(leaves), 0, 0)).rejects.toThrow(refused);
  });
});

describe('a consistency proof', () => {
  test('verifies between every two trees up to 40 leaves, with one call of the reader', async () => {
    for (let to = 0; to <= 40; to += 1)
      for (let from = 0; from <= to; from += 1) {
        const reader = readerOf(leaves);
        const path = await consistencyProof(reader, from, to);
        expect(verifyConsistency({ from, to, fromRoot: rootAt(from), toRoot: rootAt(to), path })).toBe(true);
        expect(reader.asked).toBeLessThanOrEqual(1);
      }
  });

  test('fails with any bit, hash or number changed', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, share, share, bits, async (to, whichSize, whichHash, bit) => {
        const from = Math.floor(whichSize * to);
        const [before, after] = [rootAt(from), rootAt(to)];
        const path = await consistencyProof(readerOf(leaves), from, to);
        expect(verifyConsistency({ from, to, fromRoot: before, toRoot: after, path })).toBe(true);
        expect(verifyConsistency({ from, to, fromRoot: flipBit(before, bit), toRoot: after, path })).toBe(
          false,
        );
        expect(verifyConsistency({ from, to, fromRoot: before, toRoot: after, path: [...path, after] })).toBe(
          false,
        );
        expect(verifyConsistency({ from: to, to: from, fromRoot: after, toRoot: before, path })).toBe(false);
        if (from === 0) return;
        expect(verifyConsistency({ from, to, fromRoot: before, toRoot: flipBit(after, bit), path })).toBe(
          false,
        );
        for (let other = 1; other < to; other += 1)
          if (other !== from)
            expect(verifyConsistency({ from: other, to, fromRoot: before, toRoot: after, path })).toBe(false);
        const at = Math.floor(whichHash * path.length);
        const bent = path.map((hash, index) => (index === at ? flipBit(hash, bit) : hash));
        expect(verifyConsistency({ from, to, fromRoot: before, toRoot: after, path: bent })).toBe(false);
        expect(
          verifyConsistency({ from, to, fromRoot: before, toRoot: after, path: path.toSpliced(at, 1) }),
        ).toBe(false);
      }),
    );
  });

  test('fails for a rewritten history', async () => {
    const forged = leaves.map((leaf, at) => (at === 4 ? leafHash(Buffer.from('forged')) : leaf));
    const path = await consistencyProof(readerOf(forged), 10, 20);
    const root = await treeRoot(readerOf(forged), 20);
    expect(verifyConsistency({ from: 10, to: 20, fromRoot: rootAt(10), toRoot: root, path })).toBe(false);
  });

  test('from the empty tree needs the empty root, and equal sizes need equal roots', () => {
    expect(verifyConsistency({ from: 0, to: 3, fromRoot: emptyRoot, toRoot: rootAt(3), path: [] })).toBe(
      true,
    );
    expect(verifyConsistency({ from: 0, to: 3, fromRoot: rootAt(1), toRoot: rootAt(3), path: [] })).toBe(
      false,
    );
    expect(verifyConsistency({ from: 0, to: 0, fromRoot: rootAt(1), toRoot: rootAt(1), path: [] })).toBe(
      false,
    );
    expect(verifyConsistency({ from: 3, to: 3, fromRoot: rootAt(3), toRoot: rootAt(4), path: [] })).toBe(
      false,
    );
    expect(verifyConsistency({ from: 2, to: 4, fromRoot: rootAt(2), toRoot: rootAt(4), path: [] })).toBe(
      false,
    );
  });

  test('from a larger tree is refused', async () => {
    await expect(consistencyProof(readerOf(leaves), 6, 5)).rejects.toThrow(
      expect.objectContaining({ code: 'usage' }),
    );
  });
});

test('proofs work for trees larger than 32 bits', async () => {
  // All leaves are equal, so the root of a subtree depends only on its height: a tree of any size can be read.
  const byHeight = [leafHash(Buffer.from('same'))];
  while (byHeight.length <= 53)
    byHeight.push(nodeHash(byHeight.at(-1) ?? emptyRoot, byHeight.at(-1) ?? emptyRoot));
  const reader = {
    subtrees: (wanted: readonly { height: number; index: number }[]) =>
      Promise.resolve(wanted.map(({ height }) => byHeight[height] ?? emptyRoot)),
  };
  const leaf = byHeight[0] ?? emptyRoot;
  const [size, from] = [2 ** 53 - 1, 2 ** 40 + 12_345];
  for (const position of [0, 2 ** 31, 2 ** 32 + 1, 2 ** 52 + 7, size - 1]) {
    const path = await inclusionProof(reader, position, size);
    expect(verifyInclusion({ leaf, position, size, path, root: await treeRoot(reader, size) })).toBe(true);
  }
  const path = await consistencyProof(reader, from, size);
  expect(
    verifyConsistency({
      from,
      to: size,
      fromRoot: await treeRoot(reader, from),
      toRoot: await treeRoot(reader, size),
      path,
    }),
  ).toBe(true);
});

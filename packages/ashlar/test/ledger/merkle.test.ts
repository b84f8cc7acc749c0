import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { emptyRoot, Frontier, leafHash, rootOf } from '../../src/ledger/merkle.js';
import { definedRoot, entriesOf } from './trees.js';

const sizes = fc.integer({ min: 0, max: 600 });
const grown = (count: number): Frontier => {
  const frontier = new Frontier();
  for (const entry of entriesOf(count)) frontier.append(leafHash(entry));
  return frontier;
};

describe('roots', () => {
  test('of no entries and of one empty entry have the published values', () => {
    expect(emptyRoot.toString('hex')).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
    expect(leafHash(Buffer.of()).toString('hex')).toBe(
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    );
  });

  test('match RFC 9162 at every size', () => {
    fc.assert(
      fc.property(sizes, (count) => {
        const entries = entriesOf(count);
        const defined = definedRoot(entries);
        expect(grown(count).root()).toEqual(defined);
        if (count > 0) expect(rootOf(entries.map(leafHash))).toEqual(defined);
      }),
    );
    expect(new Frontier().root()).toEqual(emptyRoot);
  });

  test('need at least one hash', () => {
    expect(() => rootOf([])).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});

describe('a frontier', () => {
  test('can be encoded, decoded and extended', () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 0, max: 40 }), (count, more) => {
        const before = grown(count);
        const frontier = Frontier.decode(count, before.encode());
        for (const entry of entriesOf(count + more).slice(count)) frontier.append(leafHash(entry));
        expect(frontier.size).toBe(count + more);
        expect(frontier.encode()).toEqual(grown(count + more).encode());
        expect(before.size).toBe(count);
      }),
    );
  });

  test('of another size, or truncated, is refused', () => {
    const bytes = grown(7).encode();
    const refused = expect.objectContaining({ code: 'value-corrupt' });
    expect(() => Frontier.decode(8, bytes)).toThrow(refused);
    expect(() => Frontier.decode(7, bytes.subarray(1))).toThrow(refused);
    expect(() => Frontier.decode(7, Buffer.concat([bytes, bytes]))).toThrow(refused);
    expect(() => new Frontier(-1)).toThrow(refused);
    expect(() => new Frontier(1.5, [emptyRoot])).toThrow(refused);
  });

  test('works for the largest possible tree', () => {
    const size = Number.MAX_SAFE_INTEGER - 1;
    const frontier = new Frontier(
      size,
      Array.from({ length: 52 }, () => emptyRoot),
    );
    frontier.append(emptyRoot);
    expect([frontier.size, frontier.hashes.length]).toEqual([Number.MAX_SAFE_INTEGER, 53]);
  });

  test('returns copies of its hashes', () => {
    const frontier = grown(3);
    const root = frontier.root();
    frontier.root().fill(0);
    for (const hash of frontier.hashes) hash.fill(0);
    expect(frontier.root()).toEqual(root);
  });
});

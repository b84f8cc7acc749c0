import type { TreeReader } from '../contract/ledger.js';
import { AshlarError } from '../errors.js';
import { cover, emptyRoot, Frontier, foldRoots, isSize, nodeHash } from './merkle.js';

/** Computes the frontier that a tree had when it contained `size` leaves. */
export async function frontierAt(reader: TreeReader, size: number): Promise<Frontier> {
  return new Frontier(size, size === 0 ? [] : await reader.subtrees(cover(0, size)));
}

/** Computes the root hash that a tree had when it contained `size` leaves. */
export async function treeRoot(reader: TreeReader, size: number): Promise<Buffer> {
  return (await frontierAt(reader, size)).root();
}

/** A run of leaves whose root is part of a proof. */
interface Run {
  readonly from: number;
  readonly count: number;
}

/** The largest power of two smaller than `count`: where RFC 9162 splits a tree. */
const split = (count: number): number => {
  let left = 1;
  while (left * 2 < count) left *= 2;
  return left;
};

const rootsOf = async (reader: TreeReader, runs: readonly Run[]): Promise<Buffer[]> => {
  const covers = runs.map((run) => cover(run.from, run.count));
  const wanted = covers.flat();
  const roots = wanted.length === 0 ? [] : await reader.subtrees(wanted);
  let next = 0;
  return covers.map((subtrees) => {
    const part = roots.slice(next, next + subtrees.length);
    next += subtrees.length;
    return foldRoots(part);
  });
};

/**
 * Creates the inclusion proof (RFC 9162 section 2.1.3) of the leaf at `position` in a tree of `size` leaves,
 * beginning with the leaf's sibling.
 *
 * @throws AshlarError `usage` where the tree has no such leaf
 */
export async function inclusionProof(reader: TreeReader, position: number, size: number): Promise<Buffer[]> {
  if (!isSize(size) || !isSize(position) || position >= size)
    throw new AshlarError('usage', {
      message: `A tree of ${size} leaves has no leaf at position ${position}.`,
    });
  const runs: Run[] = [];
  let [from, count] = [0, size];
  while (count > 1) {
    const left = split(count);
    const goesLeft = position < from + left;
    runs.unshift(goesLeft ? { from: from + left, count: count - left } : { from, count: left });
    [from, count] = goesLeft ? [from, left] : [from + left, count - left];
  }
  return rootsOf(reader, runs);
}

/**
 * Creates the consistency proof (RFC 9162 section 2.1.4) that a tree of `to` leaves begins with the tree of `from`
 * leaves. It is empty where `from` is 0 or equal to `to`.
 *
 * @throws AshlarError `usage` where `from` is larger than `to`
 */
export async function consistencyProof(reader: TreeReader, from: number, to: number): Promise<Buffer[]> {
  if (!isSize(from) || !isSize(to) || from > to)
    throw new AshlarError('usage', {
      message: `A tree of ${to} leaves cannot begin with a tree of ${from}.`,
    });
  if (from === 0 || from === to) return [];
  const runs: Run[] = [];
  let [start, count] = [0, to];
  while (start + count > from) {
    const left = split(count);
    const goesLeft = from <= start + left;
    runs.unshift(goesLeft ? { from: start + left, count: count - left } : { from: start, count: left });
    [start, count] = goesLeft ? [start, left] : [start + left, count - left];
  }
  // The verifier knows the root of the smaller tree; only another subtree must be part of the proof.
  if (start > 0) runs.unshift({ from: start, count });
  return rootsOf(reader, runs);
}

const areHashes = (hashes: readonly Uint8Array[]): boolean => hashes.every((one) => one.length === 32);
const half = (number: number): number => Math.floor(number / 2);

/**
 * The claim that a leaf is in a tree, with its inclusion proof. Hashes have 32 bytes; `position` counts from 0,
 * `size` in leaves.
 */
export interface Inclusion {
  readonly leaf: Uint8Array;
  readonly position: number;
  readonly size: number;
  readonly path: readonly Uint8Array[];
  readonly root: Uint8Array;
}

/**
 * Whether a leaf hash is at `position` in the tree with this size and root hash, as its inclusion proof claims (RFC
 * 9162 section 2.1.3.2). False for malformed arguments.
 */
export function verifyInclusion({ leaf, position, size, path, root }: Inclusion): boolean {
  if (!isSize(size) || !isSize(position) || position >= size || !areHashes([leaf, root, ...path]))
    return false;
  let [node, last] = [position, size - 1];
  let hash: Buffer = Buffer.from(leaf);
  for (const sibling of path) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash);
      // A last node without a sibling moved up: its sibling is where it is a right child.
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)];
    } else hash = nodeHash(hash, sibling);
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && hash.equals(root);
}

/**
 * The claim that a tree of `to` leaves begins with the tree of `from` leaves, with its consistency proof. Hashes have
 * 32 bytes.
 */
export interface Consistency {
  readonly from: number;
  readonly to: number;
  readonly fromRoot: Uint8Array;
  readonly toRoot: Uint8Array;
  readonly path: readonly Uint8Array[];
}

/**
 * Whether the tree with root hash `toRoot` begins with the tree with root hash `fromRoot`, as a consistency proof
 * claims (RFC 9162 section 2.1.4.2). Every tree begins with the empty tree. False for malformed arguments.
 */
export function verifyConsistency({ from, to, fromRoot, toRoot, path }: Consistency): boolean {
  if (!isSize(from) || !isSize(to) || from > to || !areHashes([fromRoot, toRoot, ...path])) return false;
  if (from === to)
    return path.length === 0 && Buffer.from(fromRoot).equals(toRoot) && (to > 0 || emptyRoot.equals(toRoot));
  if (from === 0) return path.length === 0 && emptyRoot.equals(fromRoot);
  let [node, last] = [from - 1, to - 1];
  while (node % 2 === 1) [node, last] = [half(node), half(last)];
  // Where the smaller tree is perfect, the path starts at its own root.
  const [start, ...rest] = node === 0 ? [fromRoot, ...path] : path;
  if (start === undefined || path.length === 0) return false;
  let before: Buffer = Buffer.from(start);
  let after = before;
  for (const sibling of rest) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      [before, after] = [nodeHash(sibling, before), nodeHash(sibling, after)];
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)];
    } else after = nodeHash(after, sibling);
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && before.equals(fromRoot) && after.equals(toRoot);
}

import { hash } from 'node:crypto';
import type { Subtree } from '../contract/ledger.js';
import { AshlarError } from '../errors.js';

const hashLength = 32;
const leafPrefix = Buffer.of(0x00);
const nodePrefix = Buffer.of(0x01);
const sha256 = (...parts: readonly Uint8Array[]): Buffer => hash('sha256', Buffer.concat(parts), 'buffer');

/** Computes the leaf hash of an entry: SHA-256(0x00 ‖ entry), RFC 9162 section 2.1. */
export function leafHash(entry: Uint8Array): Buffer {
  return sha256(leafPrefix, entry);
}

/** Computes the hash of the parent of two adjacent subtrees: SHA-256(0x01 ‖ left ‖ right), RFC 9162 section 2.1. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return sha256(nodePrefix, left, right);
}

/** The root hash of a tree without leaves: the SHA-256 of the empty string. */
export const emptyRoot: Buffer = sha256();

/**
 * Computes the root hash of the subtree whose nodes at one level are the given adjacent hashes. A last hash without a
 * sibling moves up a level, which gives the same root as RFC 9162's split at the largest power of two.
 *
 * @throws AshlarError `usage` for no hashes
 */
export function rootOf(hashes: readonly Uint8Array[]): Buffer {
  let level = hashes;
  while (level.length > 1) {
    const above: Uint8Array[] = [];
    for (let at = 0; at < level.length; at += 2) {
      const [left, right] = level.slice(at, at + 2);
      if (left !== undefined) above.push(right === undefined ? left : nodeHash(left, right));
    }
    level = above;
  }
  const [root] = level;
  if (root === undefined) throw new AshlarError('usage', { message: 'A root needs at least one hash.' });
  return Buffer.from(root);
}

/**
 * Lists the perfect subtrees that together cover `count` leaves, beginning at position `from`, the largest first.
 * `from` must be a multiple of the size of the largest, as it is wherever RFC 9162 splits a tree.
 */
export function cover(from: number, count: number): readonly Subtree[] {
  const subtrees: Subtree[] = [];
  let height = 0;
  // Sizes go up to 2^53 − 1; bit operators would cut them to 32 bits.
  for (let rest = count; rest > 0; rest = Math.floor(rest / 2), height += 1) {
    const end = (from + count) / 2 ** height;
    if (rest % 2 === 1) subtrees.unshift({ height, index: Math.floor(end) - 1 });
  }
  return subtrees;
}

/** Computes the root hash of a tree from the root hashes of its perfect subtrees, in the order of {@link cover}. */
export function foldRoots(roots: readonly Uint8Array[]): Buffer {
  const last = roots.at(-1);
  if (last === undefined) return emptyRoot;
  return roots.slice(0, -1).reduceRight<Buffer>((right, left) => nodeHash(left, right), Buffer.from(last));
}

/** Whether a number can be the size of a tree: an integer from 0 to 2^53 − 1. */
export function isSize(size: number): boolean {
  return Number.isSafeInteger(size) && size >= 0;
}

/**
 * The root hashes of the perfect subtrees that make up a tree, the largest first: at most 53 hashes. Appending a leaf
 * and computing the root need nothing else of the tree.
 */
export class Frontier {
  #size: number;
  readonly #hashes: Buffer[];

  /** @throws AshlarError `value-corrupt` where a tree of that size has another number of subtrees */
  constructor(size = 0, hashes: readonly Uint8Array[] = []) {
    if (
      !isSize(size) ||
      hashes.length !== cover(0, size).length ||
      hashes.some((one) => one.length !== hashLength)
    )
      throw new AshlarError('value-corrupt', {
        message: `${hashes.length} hashes are not the frontier of a tree of ${size} leaves.`,
      });
    this.#size = size;
    this.#hashes = hashes.map((one) => Buffer.from(one));
  }

  get size(): number {
    return this.#size;
  }

  get hashes(): readonly Buffer[] {
    return this.#hashes.map((one) => Buffer.from(one));
  }

  /** Appends a leaf, given by its {@link leafHash}. */
  append(leaf: Uint8Array): void {
    let hash: Buffer = Buffer.from(leaf);
    for (let full = this.#size; full % 2 === 1; full = Math.floor(full / 2)) {
      const left = this.#hashes.pop();
      if (left !== undefined) hash = nodeHash(left, hash);
    }
    this.#hashes.push(hash);
    this.#size += 1;
  }

  /** The root hash of the whole tree. */
  root(): Buffer {
    return foldRoots(this.#hashes);
  }

  /** Encodes the frontier as bytes: its hashes of 32 bytes each, the largest subtree first. */
  encode(): Buffer {
    return Buffer.concat(this.#hashes);
  }

  /**
   * Decodes the output of {@link Frontier.encode} for a tree of `size` leaves.
   *
   * @throws AshlarError `value-corrupt`
   */
  static decode(size: number, bytes: Uint8Array): Frontier {
    const hashes = Array.from({ length: Math.ceil(bytes.length / hashLength) }, (_, at) =>
      bytes.subarray(at * hashLength, (at + 1) * hashLength),
    );
    return new Frontier(size, hashes);
  }
}

import type { LedgerReader } from '../contract/ledger.js';
import { type Frontier, rootOf } from './merkle.js';
import { frontierAt } from './proofs.js';

/** How many hashes of one level a stored hash of the next level covers. */
const run = 256;

/** A rebuilt hash that must equal the hash stored at the same level and position of the tree. */
export interface CompletedNode {
  readonly level: number;
  readonly position: number;
  readonly hash: Buffer;
}

/**
 * Rebuilds a tree from its leaves, in constant memory, and returns the hashes of the tree that each new leaf
 * completes.
 */
export class TreeRebuild {
  readonly frontier: Frontier;
  /** For each level, the hashes of the run that is not yet complete. */
  readonly #open: Uint8Array[][];

  private constructor(frontier: Frontier, open: Uint8Array[][]) {
    this.frontier = frontier;
    this.#open = open;
  }

  /**
   * Starts a rebuild that takes the first `size` leaves from a stored tree and continues after them.
   *
   * @throws AshlarError `ledger-tampered` where hashes are missing
   */
  static async from(reader: LedgerReader, size: number): Promise<TreeRebuild> {
    const open: Uint8Array[][] = [];
    for (let level = 0, full = size; full > 0; level += 1, full = Math.floor(full / run)) {
      const first = full - (full % run);
      open.push((await reader.nodes(level, first, full)).map(({ hash }) => hash));
    }
    return new TreeRebuild(await frontierAt(reader, size), open);
  }

  get size(): number {
    return this.frontier.size;
  }

  /** Appends the hash of a leaf to the rebuilt tree. @returns the hashes that it completes, the lowest level first */
  append(leaf: Uint8Array): readonly CompletedNode[] {
    this.frontier.append(leaf);
    const completed: CompletedNode[] = [];
    let hash = leaf;
    for (let level = 0; ; level += 1) {
      this.#open[level] ??= [];
      const open = this.#open[level] as Uint8Array[];
      open.push(hash);
      if (open.length < run) return completed;
      const root = rootOf(open);
      this.#open[level] = [];
      completed.push({ level: level + 1, position: this.size / run ** (level + 1) - 1, hash: root });
      hash = root;
    }
  }
}

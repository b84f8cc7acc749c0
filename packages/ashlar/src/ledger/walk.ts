import type { LedgerReader } from '../contract/ledger.js';
import { type Frontier, rootOf } from './merkle.js';
import { frontierAt } from './proofs.js';

/** Leaves under one stored hash. */
const run = 256;

/** A stored hash of the tree that must be there. */
export interface Completed {
  readonly level: number;
  readonly position: number;
  readonly hash: Buffer;
}

/** Builds a tree from its leaves, in constant memory, and says which hashes each leaf completes. */
export class TreeWalk {
  readonly frontier: Frontier;
  /** At each level the hashes of the run that is not full yet. */
  readonly #open: Uint8Array[][];

  private constructor(frontier: Frontier, open: Uint8Array[][]) {
    this.frontier = frontier;
    this.#open = open;
  }

  /** Goes on where the stored tree has `size` leaves. @throws AshlarError `ledger-tampered` where hashes are missing */
  static async from(reader: LedgerReader, size: number): Promise<TreeWalk> {
    const open: Uint8Array[][] = [];
    for (let level = 0, full = size; full > 0; level += 1, full = Math.floor(full / run)) {
      const first = full - (full % run);
      open.push((await reader.nodes(level, first, full)).map(({ hash }) => hash));
    }
    return new TreeWalk(await frontierAt(reader, size), open);
  }

  get size(): number {
    return this.frontier.size;
  }

  append(leaf: Uint8Array): readonly Completed[] {
    this.frontier.append(leaf);
    const completed: Completed[] = [];
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

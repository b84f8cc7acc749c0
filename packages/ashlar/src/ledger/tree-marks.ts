import type { Block, Head, LedgerReader } from '../contract/ledger.js';
import type { KnownRoot, LedgerProblem } from './problems.js';
import { treeRoot } from './proofs.js';
import type { CompletedNode, TreeRebuild } from './tree-rebuild.js';

const blocksAtOnce = 5_000;
const highestLevel = 7;

/**
 * Compares a tree that is being rebuilt from the leaves with what the ledger claims: stored hashes, blocks,
 * checkpoints and the head. After the first mismatch all later blocks and checkpoints would differ too: they are not
 * reported.
 */
export class TreeMarks {
  readonly problems: LedgerProblem[] = [];
  readonly #reader: LedgerReader;
  readonly #checkpoints: KnownRoot[];
  #blocks: Block[] = [];
  #loaded: number;
  #allLoaded = false;
  #lastBlock: number;
  /** The size up to which a block or checkpoint matched. */
  #sound: number;
  #broken = false;

  constructor(reader: LedgerReader, checkpoints: readonly KnownRoot[], from: number) {
    this.#reader = reader;
    this.#checkpoints = [...checkpoints].sort((a, b) => a.size - b.size);
    this.#loaded = from;
    this.#lastBlock = from;
    this.#sound = from;
  }

  /**
   * Compares the checkpoints smaller than `from` with the stored tree, because the leaves before `from` are not
   * rebuilt.
   */
  async before(from: number): Promise<void> {
    while ((this.#checkpoints[0]?.size ?? from) < from) {
      const { size, root, source } = this.#checkpoints.shift() as KnownRoot;
      const stored = await treeRoot(this.#reader, size).catch(() => undefined);
      if (!stored?.equals(root))
        this.#report(0, null, `the root of the first ${size} leaves differs from ${source}`);
    }
  }

  /** Loads the stored blocks up to the given tree size. */
  async load(size: number): Promise<void> {
    while (!this.#allLoaded && this.#loaded < size) {
      const more = await this.#reader.blocks(this.#loaded, blocksAtOnce);
      this.#blocks.push(...more);
      this.#allLoaded = more.length < blocksAtOnce;
      this.#loaded = more.at(-1)?.size ?? this.#loaded;
    }
  }

  /** Compares the rebuilt tree with the blocks and checkpoints that have its current size. */
  at({ size, frontier }: TreeRebuild, rowKey: string | undefined): void {
    let known = 0;
    let root: Buffer | undefined;
    const compare = (other: Uint8Array, source: string) => {
      root ??= frontier.root();
      known++;
      if (this.#broken || root.equals(other)) return;
      this.#broken = true;
      const first = this.#sound;
      const single = size - first === 1;
      this.#report(
        first,
        single ? (rowKey ?? null) : null,
        `${single ? 'this leaf differs' : `the leaves ${first} to ${size - 1} differ`} from ${source}`,
      );
    };
    while (this.#blocks[0] && this.#blocks[0].size <= size) {
      const block = this.#blocks.shift() as Block;
      this.#lastBlock = block.size;
      compare(block.root, `the block of ${block.size} sealed at ${block.sealedAt}`);
    }
    while (this.#checkpoints[0] && this.#checkpoints[0].size <= size) {
      const checkpoint = this.#checkpoints.shift() as KnownRoot;
      compare(checkpoint.root, checkpoint.source);
    }
    if (known > 0 && !this.#broken) this.#sound = size;
  }

  /** Compares rebuilt hashes with the stored hashes at the same positions. */
  async compareNodes(completed: readonly CompletedNode[]): Promise<void> {
    const levels = new Set(completed.map(({ level }) => level));
    for (const level of levels) {
      const wanted = completed.filter((node) => node.level === level);
      const from = wanted[0]?.position ?? 0;
      const stored = new Map(
        (await this.#reader.nodes(level, from, from + wanted.length)).map((node) => [
          node.position,
          node.hash,
        ]),
      );
      for (const { position, hash } of wanted) {
        const other = stored.get(position);
        if (other !== undefined && hash.equals(other)) continue;
        const first = position * 256 ** level;
        const what = other ? 'does not match its leaves' : 'is missing';
        this.#report(first, null, `the hash at level ${level}, position ${position} of the tree ${what}`);
      }
    }
  }

  /** Finds blocks, checkpoints, stored hashes or a head that claim more leaves than the ledger has. */
  async after({ size, frontier }: TreeRebuild, head: Head | undefined): Promise<void> {
    await this.load(size + 1);
    const newest = (await this.#reader.lastBlock())?.size ?? 0;
    if (newest > size)
      this.#report(size, null, `a block was sealed with ${newest} leaves, but there are ${size}`);
    else if (this.#lastBlock !== size)
      this.#report(this.#lastBlock, null, 'the leaves from this position on have no block');
    for (const { size: signed, source } of this.#checkpoints)
      this.#report(size, null, `${source} has ${signed} leaves, but there are ${size}`);
    if (!head && size > 0) this.#report(null, null, 'the head is missing');
    if (head && (head.size !== size || !frontier.encode().equals(head.frontier)))
      this.#report(null, null, `the head of ${head.size} leaves does not match the tree of ${size}`);
    for (let level = 1; level <= highestLevel; level++) {
      const full = Math.floor(size / 256 ** level);
      const [more] = await this.#reader.nodes(level, full, Number.MAX_SAFE_INTEGER);
      if (more)
        this.#report(null, null, `the tree has a hash at level ${level} for leaves that do not exist`);
    }
  }

  #report(position: number | null, rowKey: string | null, what: string): void {
    this.problems.push({ position, row_key: rowKey, what });
  }
}

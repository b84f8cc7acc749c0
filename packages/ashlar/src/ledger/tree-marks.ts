import type { Block, Head, LedgerReader } from '../contract/ledger.js';
import type { KnownRoot, LedgerProblem } from './problems.js';
import { treeRoot } from './proofs.js';
import type { Completed, TreeWalk } from './walk.js';

const blocksAtOnce = 5_000;
const highestLevel = 7;

/**
 * What is known of the tree besides its leaves: blocks, checkpoints, stored hashes, the head. Each is compared as the
 * walk comes by. Once one does not fit, those after it cannot either, and are passed over.
 */
export class TreeMarks {
  readonly problems: LedgerProblem[] = [];
  readonly #reader: LedgerReader;
  readonly #checkpoints: KnownRoot[];
  #blocks: Block[] = [];
  #loaded: number;
  #allLoaded = false;
  #lastBlock: number;
  /** Up to here a block or checkpoint agreed. */
  #sound: number;
  #broken = false;

  constructor(reader: LedgerReader, checkpoints: readonly KnownRoot[], from: number) {
    this.#reader = reader;
    this.#checkpoints = [...checkpoints].sort((a, b) => a.size - b.size);
    this.#loaded = from;
    this.#lastBlock = from;
    this.#sound = from;
  }

  /** Compares the checkpoints of what is not walked again with the stored tree. */
  async before(from: number): Promise<void> {
    while ((this.#checkpoints[0]?.size ?? from) < from) {
      const { size, root, source } = this.#checkpoints.shift() as KnownRoot;
      const stored = await treeRoot(this.#reader, size).catch(() => undefined);
      if (!stored?.equals(root))
        this.#tell(0, null, `the first ${size} leaves have another root than in ${source}`);
    }
  }

  /** Reads the blocks up to a size. */
  async load(size: number): Promise<void> {
    while (!this.#allLoaded && this.#loaded < size) {
      const more = await this.#reader.blocks(this.#loaded, blocksAtOnce);
      this.#blocks.push(...more);
      this.#allLoaded = more.length < blocksAtOnce;
      this.#loaded = more.at(-1)?.size ?? this.#loaded;
    }
  }

  /** Compares the blocks and checkpoints of the size at which the walk is. */
  at({ size, frontier }: TreeWalk, rowKey: string | undefined): void {
    let known = 0;
    let root: Buffer | undefined;
    const compare = (other: Uint8Array, source: string) => {
      root ??= frontier.root();
      known++;
      if (this.#broken || root.equals(other)) return;
      this.#broken = true;
      const first = this.#sound;
      const single = size - first === 1;
      this.#tell(
        first,
        single ? (rowKey ?? null) : null,
        `${single ? 'this leaf is' : `the leaves ${first} to ${size - 1} are`} not those of ${source}`,
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

  /** Compares stored hashes with those the walk has completed. */
  async compareNodes(completed: readonly Completed[]): Promise<void> {
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
        const what = other ? 'is not that of its leaves' : 'is missing';
        this.#tell(first, null, `the hash at level ${level}, position ${position} of the tree ${what}`);
      }
    }
  }

  /** What is said of more than there is. */
  async after({ size, frontier }: TreeWalk, head: Head | undefined): Promise<void> {
    await this.load(size + 1);
    const newest = (await this.#reader.lastBlock())?.size ?? 0;
    if (newest > size) this.#tell(size, null, `a block was sealed with ${newest} leaves, there are ${size}`);
    else if (this.#lastBlock !== size)
      this.#tell(this.#lastBlock, null, 'the leaves from here on have no block');
    for (const { size: signed, source } of this.#checkpoints)
      this.#tell(size, null, `${source} has ${signed} leaves, there are ${size}`);
    if (!head && size > 0) this.#tell(null, null, 'the head is missing');
    if (head && (head.size !== size || !frontier.encode().equals(head.frontier)))
      this.#tell(null, null, `the head says ${head.size} leaves and is not that of the tree of ${size}`);
    for (let level = 1; level <= highestLevel; level++) {
      const full = Math.floor(size / 256 ** level);
      const [more] = await this.#reader.nodes(level, full, Number.MAX_SAFE_INTEGER);
      if (more) this.#tell(null, null, `the tree has a hash at level ${level} for leaves that are not there`);
    }
  }

  #tell(position: number | null, rowKey: string | null, what: string): void {
    this.problems.push({ position, row_key: rowKey, what });
  }
}

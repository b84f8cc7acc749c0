import type { TableFacts } from './table.js';

/** A perfect subtree: the leaves [index·2^height, (index + 1)·2^height). */
export interface Subtree {
  readonly height: number;
  readonly index: number;
}

/**
 * Where the hashes of a tree come from. `subtrees` gives the root of the leaves [index·2^height, (index + 1)·2^height)
 * for each one wanted, in that order; all of those leaves are in the tree. It is called once with all that a proof
 * needs, so that a reader can fetch them in one query.
 */
export interface TreeReader {
  subtrees(wanted: readonly Subtree[]): Promise<readonly Buffer[]>;
}

/** A leaf as it is stored, with the entry that belongs to it. */
export interface Leaf {
  readonly position: number;
  readonly hash: Uint8Array;
  readonly rowKey: string;
  /** `undefined` where it is gone. */
  readonly entry: Uint8Array | undefined;
}

/** An entry that has no leaf yet. */
export type Waiting = Pick<Leaf, 'rowKey'> & { readonly entry: Uint8Array };

/** A stored hash of the tree. */
export interface Node {
  readonly position: number;
  readonly hash: Uint8Array;
}

/** A sealed run: the size and root after it. */
export interface Block {
  readonly size: number;
  readonly root: Uint8Array;
  readonly sealedAt: string;
}

/** Where sealing goes on, as it is stored: never trusted. */
export interface Head {
  readonly size: number;
  readonly frontier: Uint8Array;
  /** Entries and rows before this position have left lawfully. Their leaves stay. */
  readonly firstProvable: number;
}

/** A row of the ledgered table: a value for each column, JSON as text, bytes as hex. */
export type StoredRow = Readonly<Record<string, unknown>>;

/** Reads one ledger of a database. */
export interface LedgerReader extends TreeReader {
  readonly table: TableFacts;
  /** The log's name, which stands in each entry. */
  readonly log: string;
  head(): Promise<Head | undefined>;
  /** At most `limit` leaves from a position on, in order. */
  leaves(from: number, limit: number): Promise<readonly Leaf[]>;
  /** The stored hashes of a level from one position to before another, in order. */
  nodes(level: number, from: number, to: number): Promise<readonly Node[]>;
  /** At most `limit` blocks larger than a size, in order. */
  blocks(above: number, limit: number): Promise<readonly Block[]>;
  lastBlock(): Promise<Block | undefined>;
  /** The rows with these keys, each a value for every key column, by their key as text. Missing ones are left out. */
  rows(keys: readonly (readonly unknown[])[]): Promise<ReadonlyMap<string, StoredRow>>;
  /** The keys, as text, of some rows that have no entry. */
  strays(limit: number): Promise<readonly string[]>;
  /** How many entries have no leaf yet. */
  unsealed(): Promise<number>;
  /** Some entries that have no leaf yet. */
  waiting(limit: number): Promise<readonly Waiting[]>;
  /** The entry of the row with this key as text, whether it has a leaf or not. */
  entryOf(rowKey: string): Promise<Waiting | undefined>;
  /** The leaf of the row with this key as text. */
  leafOf(rowKey: string): Promise<Leaf | undefined>;
}

import type { TableFacts } from './table.js';

/** A perfect subtree: the leaves [index·2^height, (index + 1)·2^height). */
export interface Subtree {
  readonly height: number;
  readonly index: number;
}

/**
 * The source of a tree's hashes. `subtrees` returns the root of the leaves [index·2^height, (index + 1)·2^height) for each
 * subtree, in the given order; the tree contains all of these leaves. It is called once per proof, so that a reader can
 * fetch all hashes in one query.
 */
export interface TreeReader {
  subtrees(wanted: readonly Subtree[]): Promise<readonly Buffer[]>;
}

/** A stored leaf with its entry. */
export interface Leaf {
  readonly position: number;
  readonly hash: Uint8Array;
  readonly rowKey: string;
  /** `undefined` if it is missing. */
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

/** The stored state from which sealing continues. Verification never trusts it. */
export interface Head {
  readonly size: number;
  readonly frontier: Uint8Array;
  /** Entries and rows before this position were purged; their leaves stay. */
  readonly firstProvable: number;
}

/** A row of the ledgered table: a value for each column, JSON as text, bytes as hex. */
export type StoredRow = Readonly<Record<string, unknown>>;

/** Reads one ledger of a database. */
export interface LedgerReader extends TreeReader {
  readonly table: TableFacts;
  /** The log's name, which each entry contains. */
  readonly log: string;
  head(): Promise<Head | undefined>;
  /** At most `limit` leaves from this position on, in order. */
  leaves(from: number, limit: number): Promise<readonly Leaf[]>;
  /** The stored hashes of a level from position `from` up to but not including `to`, in order. */
  nodes(level: number, from: number, to: number): Promise<readonly Node[]>;
  /** At most `limit` blocks above this size, in order. */
  blocks(above: number, limit: number): Promise<readonly Block[]>;
  lastBlock(): Promise<Block | undefined>;
  /** The rows with these keys (a value for each key column), by their key as text. Missing rows are left out. */
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

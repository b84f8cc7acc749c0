import type { TableFacts } from './table.js';

/** A perfect subtree: the leaves [index·2^height, (index + 1)·2^height). */
export interface Subtree {
  readonly height: number;
  readonly index: number;
}

/**
 * Reads the hashes of a Merkle tree. `subtrees` returns the root of the leaves [index·2^height, (index + 1)·2^height)
 * for each subtree, in the given order; the tree contains all of these leaves. It is called once per proof, so that a
 * reader can fetch all hashes in one query.
 */
export interface TreeReader {
  subtrees(wanted: readonly Subtree[]): Promise<readonly Buffer[]>;
}

/** A stored leaf of a ledger's tree, with its entry. */
export interface Leaf {
  readonly position: number;
  readonly hash: Uint8Array;
  readonly rowKey: string;
  /** The entry whose hash is the leaf; `undefined` if the database does not have the entry. */
  readonly entry: Uint8Array | undefined;
}

/** An entry that is not sealed yet: the tree has no leaf for it. */
export type Waiting = Pick<Leaf, 'rowKey'> & { readonly entry: Uint8Array };

/** A stored hash of a Merkle tree, with its position in its level of the tree. */
export interface Node {
  readonly position: number;
  readonly hash: Uint8Array;
}

/** A sealed run of entries: the size and the root of the tree after the run. */
export interface Block {
  readonly size: number;
  readonly root: Uint8Array;
  readonly sealedAt: string;
}

/** The stored state of a ledger's tree, from which sealing continues. Verification never trusts it. */
export interface Head {
  readonly size: number;
  readonly frontier: Uint8Array;
  /** The position after the last one that was ever retired, as the head claims. Verification counts it again. */
  readonly firstProvable: number;
}

/** A run of positions whose rows and entries a purge deleted; their leaves remain. */
export interface Retirement {
  readonly first: number;
  /** The last position of the run, inclusive. */
  readonly last: number;
  /** The time by which a row had to be written to be purged (ISO 8601). */
  readonly cutoff: string;
  readonly retiredAt: string;
}

/** A legal hold, as far as it says which rows of one table stay. */
export interface Hold {
  /** The primary key of the one row that it covers, as an object of its columns; `null` for every row. */
  readonly rowKey: Readonly<Record<string, unknown>> | null;
  /** The scope whose rows stay; `null` for every scope. */
  readonly scope: string | null;
  readonly placedAt: string;
  /** The time at which it was released; `null` while it is open. */
  readonly releasedAt: string | null;
}

/** A row of a table that has a ledger: a value for each column, JSON as text, bytes as hex. */
export type StoredRow = Readonly<Record<string, unknown>>;

/** Reads one ledger of a database. */
export interface LedgerReader extends TreeReader {
  readonly table: TableFacts;
  /** The name of the ledger's log, which each entry contains. */
  readonly log: string;
  head(): Promise<Head | undefined>;
  /** Returns at most `limit` leaves from the position `from` on, in order of position. */
  leaves(from: number, limit: number): Promise<readonly Leaf[]>;
  /** Returns the stored hashes of a level of the tree, from position `from` up to but not including `to`, in order. */
  nodes(level: number, from: number, to: number): Promise<readonly Node[]>;
  /** Returns at most `limit` blocks whose size is greater than `above`, in order of size. */
  blocks(above: number, limit: number): Promise<readonly Block[]>;
  lastBlock(): Promise<Block | undefined>;
  /**
   * Returns at most `limit` retirements that have a position of at least `from`, in order; none where the table has no
   * retirements. `undefined` if the side table of retirements is missing.
   */
  retirements(from: number, limit: number): Promise<readonly Retirement[] | undefined>;
  /** Returns the legal holds that cover rows of the table, open and released. */
  holds(): Promise<readonly Hold[]>;
  /**
   * Returns the rows with these keys (a value for each key column), in a map by the key as text. Missing rows are left
   * out.
   */
  rows(keys: readonly (readonly unknown[])[]): Promise<ReadonlyMap<string, StoredRow>>;
  /** Returns the keys, as text, of at most `limit` rows that have no entry. */
  strays(limit: number): Promise<readonly string[]>;
  /** Returns the number of entries that are not sealed yet. */
  unsealed(): Promise<number>;
  /** Returns at most `limit` entries that are not sealed yet. */
  waiting(limit: number): Promise<readonly Waiting[]>;
  /** Returns the entry of the row with this key (as text), sealed or not. */
  entryOf(rowKey: string): Promise<Waiting | undefined>;
  /** Returns the leaf of the row with this key (as text). */
  leafOf(rowKey: string): Promise<Leaf | undefined>;
}

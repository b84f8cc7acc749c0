import type { SqlName } from './sql.js';
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

/** An entry with the key of its row, sealed or not. */
export type KeyedEntry = Pick<Leaf, 'rowKey'> & { readonly entry: Uint8Array };

/** A row or an entry that sealing left out. */
export interface Unsealed {
  readonly rowKey: string;
  /** What the ledger does not have of it; without an entry there is no leaf either. */
  readonly lacks: 'entry' | 'leaf';
}

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
  /** Its place in the order in which purges recorded: 1, 2, … */
  readonly number: number;
  readonly first: number;
  /** The last position of the run, inclusive. */
  readonly last: number;
  /**
   * The time by which a row had to be written to be purged (ISO 8601). `null` where the purge was not recorded, and was found
   * later.
   */
  readonly cutoff: string | null;
  readonly retiredAt: string;
}

/** A run of positions; the last one is inclusive. */
export type PositionRun = Pick<Retirement, 'first' | 'last'>;

/** What the retirements of a ledger add up to. */
export interface RetirementTotals {
  readonly count: number;
  /** The number of retired positions. */
  readonly retired: number;
  /** The position after the last one that was retired; 0 where none was. */
  readonly end: number;
  /** A retirement that has a position of another one. */
  readonly misfit: PositionRun | undefined;
}

/** A legal hold, as far as it says which rows of one table stay. */
export interface Hold {
  /** The primary key of the one row that it covers, as an object of its columns; `null` for every row. */
  readonly rowKey: Readonly<Record<string, unknown>> | null;
  /** Whether it names the table; else it covers rows of every table. */
  readonly namesTable: boolean;
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
  readonly dialect: SqlName;
  /** The name of the ledger's log, which each entry contains. */
  readonly log: string;
  head(): Promise<Head | undefined>;
  /** Returns at most `limit` leaves from the position `from` on, in order of position; fewer where their entries are large. */
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
  /** Returns at most `limit` retirements with a number above `after`, in the order of their numbers; none without the side table. */
  retirementLines(after: number, limit: number): Promise<readonly Retirement[]>;
  /** Returns what the retirements add up to, with one statement; `undefined` without the side table. */
  retirementTotals(): Promise<RetirementTotals | undefined>;
  /** Whether entries are guarded as version 1 guarded them: a purge deletes them without a record. */
  purgesUnrecorded(): Promise<boolean>;
  /** Returns the keys of the leaves of each run, as text, in the order of their positions. */
  rowKeys(runs: readonly PositionRun[]): Promise<readonly (readonly string[])[]>;
  /** Returns the time of the database's clock (ISO 8601). */
  now(): Promise<string>;
  /** Returns the legal holds that cover rows of the table, open and released. */
  holds(): Promise<readonly Hold[]>;
  /**
   * Returns the rows with these keys (a value for each key column), in a map by the key as text: one row for each key, unless
   * the table was tampered with. Missing rows are left out.
   */
  rows(keys: readonly (readonly unknown[])[]): Promise<ReadonlyMap<string, readonly StoredRow[]>>;
  /** Returns the number of rows of the table. */
  rowCount(): Promise<number>;
  /** Returns the number of rows that are not sealed yet. */
  unsealed(): Promise<number>;
  /** Returns a mark of the present state. A seal that begins later seals whatever this state shows. */
  mark(): Promise<string>;
  /**
   * Returns at most `limit` rows and entries without a leaf that the state of the mark shows. With `from` > 0 it looks only at
   * those that an index finds to be newer than the leaves before that position.
   */
  leftOut(mark: string, from: number, limit: number): Promise<readonly Unsealed[]>;
  /** Whether the head claims to have sealed what was never written, so that sealing leaves rows out. */
  isAhead(): Promise<boolean>;
  /** Returns the entry of the row with this key (as text), sealed or not. */
  entryOf(rowKey: string): Promise<KeyedEntry | undefined>;
  /** Returns the leaf of the row with this key (as text). */
  leafOf(rowKey: string): Promise<Leaf | undefined>;
}

import type { Column, DeclaredElement } from './column.js';
import type { Owner } from './owner.js';
import type { Schema } from './schema.js';
import type { SqlName } from './sql.js';

/**
 * A stored value in a form that no engine owns: text, digits, ISO times, `1` and `0`, JSON and arrays in the form of jsonb, bytes in hex;
 * reals as numbers; NULL.
 */
export type BulkValue = string | number | null;

/** The values of a row, in the order of {@link BulkTable.columns}. */
export type BulkRow = readonly BulkValue[];

/**
 * What is read of rows. `lines`: no values, where that is faster. `rows`: their values. `stored`: their values, with JSON as the
 * text that a session writes or has written: a ledger of SQLite compares it with its entries.
 */
export type RowForm = 'lines' | 'rows' | 'stored';

/** A column that is copied. */
export interface BulkColumn extends Pick<Column, 'name' | 'kind' | 'precision' | 'digits' | 'generated'> {
  /** The elements of an array. */
  readonly element?: DeclaredElement | undefined;
  /** How the source computes the value of a column that only the target has: SQL over the table, which it names. */
  readonly source?: string;
  /** How the source computes the last number that such a column of numbers has got: SQL. */
  readonly lastNumber?: string;
  /** Whether PostgreSQL stores this text as bytes (UTF-8). */
  readonly isBytesOnPostgres?: boolean;
}

/** A table whose rows are read or written in bulk. */
export interface BulkTable {
  readonly name: string;
  /** The columns that are copied: all but those that the database computes. */
  readonly columns: readonly BulkColumn[];
  readonly primaryKey: readonly string[];
  /** Whether its steps put rows into it, which the rows of the source replace. */
  readonly hasFirstRows?: boolean;
}

/** The databases between which rows are moved, by their SQL. */
export interface MovedBetween {
  readonly from: SqlName;
  readonly to: SqlName;
}

/** What a move copies for a guarantee, beside the declared columns of its table. */
export interface MovedParts {
  /** Columns that the table has in the target only. */
  readonly columns?: readonly BulkColumn[];
  /** The side tables, in the order in which they are loaded: before the table. */
  readonly tables: readonly BulkTable[];
}

/** Where a reader goes on: the key of the last row that was read, as JSON. */
export type Place = string;

/** Rows that were read together, and the place behind them. */
export interface RowBatch {
  /** Empty where only lines are read. */
  readonly rows: readonly BulkRow[];
  /** A line for each row, of which its checksum is made (`engines/bulk/row-line.ts`). */
  readonly lines: readonly string[];
  readonly place: Place;
  /** How many bytes the values take, about. */
  readonly size: number;
}

/** The number of rows of a table, and the sum of their hashes: 16 hex digits. */
export interface Checksum {
  readonly rows: number;
  readonly sum: string;
}

/** A row with a value that no target of a move can hold. Its values are not named. */
export interface BadValue {
  readonly table: string;
  readonly key: string;
  readonly column: string | undefined;
  readonly why: string;
}

/** Where a sequence is: the number that was given last, or that is given next where none was given. */
export interface SequencePosition {
  readonly value: string;
  readonly isUsed: boolean;
}

/** Reads the rows of a database under one snapshot, and writes nothing. */
export interface BulkReader {
  /** What tells the database from others, as long as it is not restored or moved: a copy has the same. */
  readonly identity: string;
  /** Another text than before if the places of earlier readers no longer count. */
  readonly layout: string;
  /** The queries of the reader's snapshot. */
  readonly run: Owner['run'];
  /**
   * Reads the rows behind a place, or all.
   *
   * @param onBad - called for each value that cannot be read; its row is left out
   */
  rows(
    table: BulkTable,
    place: Place | undefined,
    form: RowForm,
    onBad: (bad: BadValue) => void,
  ): AsyncIterable<RowBatch>;
  /** The next number of each column whose numbers the database gives, by table. */
  generators(tables: readonly BulkTable[]): Promise<ReadonlyMap<string, bigint>>;
  /**
   * The sequences that number no declared key: of steps, and of another program. By name, `undefined` where it may not be read; empty on
   * SQLite.
   */
  sequences(): Promise<ReadonlyMap<string, SequencePosition | undefined>>;
  /** The months of UTC, as `2026-11`, in which the times of a column are. */
  months(table: string, column: string): Promise<readonly string[]>;
  /**
   * Ends the snapshot. Returns whether somebody has written to the tables since it began.
   *
   * @param known - the checksums of the tables under the snapshot
   */
  changed(tables: readonly BulkTable[], known: ReadonlyMap<string, Checksum>): Promise<boolean>;
  close(): Promise<void>;
}

/** Rows on their way into a table. Until they have ended, nothing else runs in the transaction. */
export interface BulkLoad {
  /** Sends rows; resolves when more can be sent. @throws RefusedRow (`engines/bulk/refused-row.ts`), AshlarError */
  write(batch: Pick<RowBatch, 'rows' | 'lines'>): Promise<void>;
  /** Resolves when the target has the rows. @throws as `write` */
  end(): Promise<void>;
  /** Gives the rows up; the transaction can only be rolled back then. */
  abort(): Promise<void>;
}

/** Writes rows past the guarantees, into a database that is marked as the target of a move. */
export interface BulkWriter {
  /** A connection of the owner, which excludes migrations of other processes. */
  readonly owner: Owner;
  /** Takes all rights on a table from everybody but the owner, in the open transaction; of the roles, from those that exist. */
  hide(table: string, roles: readonly string[]): Promise<void>;
  /** Makes the tables loadable, in the open transaction: lifts keys, indexes, triggers, row security and rights. Idempotent. */
  lift(tables: readonly string[], roles: readonly string[]): Promise<void>;
  /** The form in which it loads rows of a table. */
  form(table: BulkTable): RowForm;
  /** Begins to load rows in the open transaction. */
  load(table: BulkTable): Promise<BulkLoad>;
  /** Removes all rows of lifted tables, in the open transaction. */
  empty(tables: readonly string[]): Promise<void>;
  /**
   * Makes again what was lifted, one object a transaction, as a description from before says, and has materialized views read the tables again.
   * Idempotent.
   *
   * @throws AshlarError `move-value` if a key or a foreign key refuses the rows
   */
  restore(
    described: Schema,
    tables: readonly string[],
    onObject: (done: number, total: number) => void,
  ): Promise<void>;
  checksum(table: BulkTable): Promise<Checksum>;
  /** Sets the next numbers that {@link BulkReader.generators} returned. */
  setGenerators(tables: readonly BulkTable[], next: ReadonlyMap<string, bigint>): Promise<void>;
  /**
   * Moves the sequences that {@link BulkReader.sequences} returned on to their positions, and none back.
   *
   * @returns those that the target lacks, that its owner may not set, or that could not be read
   */
  setSequences(positions: ReadonlyMap<string, SequencePosition | undefined>): Promise<readonly string[]>;
}

import type { RunSql, SqlName, SqlRow } from './sql.js';

/** The material for building attacks: rows that are in the table during the attack, values, partitions and scopes. */
export interface Probe {
  readonly dialect: SqlName;
  /** A row that is in the table during the attack. */
  readonly row: SqlRow;
  /** A second row that is in the table during the attack; `undefined` if the table can have only one row. */
  readonly other: SqlRow | undefined;
  /** A row that can be inserted: its keys are unused. */
  readonly fresh: SqlRow;
  /**
   * A valid value for each column that a statement may set; it differs from the values in the rows if the column's type
   * allows more than one value.
   */
  readonly values: SqlRow;
  /** The names of the table's partitions; the first one holds {@link row}. Empty if the table has none. */
  readonly partitions: readonly string[];
  /** The scope of {@link row}; `undefined` if the table has no scope. */
  readonly scope: string | undefined;
  /** A scope other than that of {@link row}; `undefined` if the table has no scope. */
  readonly otherScope: string | undefined;
  /** Whether the database verifies the actor and the scope of sessions, so that SQL cannot change them. */
  readonly verifiesContext?: boolean;
  /** What signs the context of {@link otherScope} in this transaction, where the database verifies contexts. */
  readonly otherToken?: string | undefined;
  /** The columns of another table that a statement may write; all but those that the database computes. */
  readonly written?: (table: string) => readonly string[] | undefined;
  /** The version of Ashlar's own objects in the database, where it is not the last one. */
  readonly olderVersion?: number | undefined;
}

/** The role that runs an attack: `app` in a session, or `owner`, the schema's owner, on a separate connection. */
export type Attacker = 'app' | 'owner';

/**
 * An attack: statements that would break a guarantee if the database accepted them. They run in a savepoint that is
 * always rolled back.
 */
export interface Attack {
  /** A short description of the attack, for example `DELETE of a row`. Unique among the attacks of its guarantee. */
  readonly name: string;
  readonly as: Attacker;
  /**
   * The statements to run: the last one is the attack; the others prepare the attack and must succeed. If the owner
   * lacks the privilege for a preparation (`session_replication_role` needs a superuser), the attack counts as
   * refused.
   */
  readonly statements: readonly string[];
  /**
   * Preparatory steps that run before `statements`. A step is a list of alternatives, tried in order until one
   * succeeds; one must succeed.
   */
  readonly preparation?: readonly (readonly string[])[];
  /**
   * The expected result of the attack: `refused`, `untouched`, `detected` or `accepted`.
   * `refused`: the database must raise an error. `untouched`: it must raise, or neither return nor change a row.
   * `detected`: it may succeed, and `detect` must then find it. `accepted`: it must succeed, because the guarantee
   * allows it.
   */
  readonly expect: 'refused' | 'untouched' | 'detected' | 'accepted';
  /**
   * Whether another program attacks, which opens the file without Ashlar's settings: SQLite then checks no foreign keys, and a
   * REPLACE deletes rows without firing their delete triggers. Only attacks of the owner on SQLite have it.
   */
  readonly otherProgram?: true;
  /** The scope of the session in which the application's role attacks. */
  readonly scope?: string | null;
  /**
   * Of an attack that must be refused: a query that returns a row if it broke something although it was accepted. Without it, every
   * accepted attack did.
   */
  readonly breaks?: string;
  /** Runs the guarantee's own check after the attack, and returns its finding; `undefined` if it finds nothing. */
  readonly detect?: (run: RunSql) => Promise<string | undefined>;
}

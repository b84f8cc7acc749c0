import type { RunSql, SqlName, SqlRow } from './sql.js';

/** What an attack may be made of: rows that are in the table while it is tried, and what else there is to aim at. */
export interface Probe {
  readonly dialect: SqlName;
  /** A row that is there. */
  readonly row: SqlRow;
  /** Another row that is there, where a second one could be made. */
  readonly other: SqlRow | undefined;
  /** A row that could be inserted, with keys that no row has. */
  readonly fresh: SqlRow;
  /** A valid value for each column that a statement may set, another than in the rows wherever there are two. */
  readonly values: SqlRow;
  /** Partitions by name; the first holds {@link row}. Empty where the table has none. */
  readonly partitions: readonly string[];
  /** The scope that {@link row} belongs to, and one that it does not; both `undefined` where the table has no scope. */
  readonly scope: string | undefined;
  readonly otherScope: string | undefined;
}

/** Who attacks: the application's role in a session, or the owner of the schema on a connection of its own. */
export type Attacker = 'app' | 'owner';

/** Statements that would break a guarantee. They run in a savepoint that is always undone. */
export interface Attack {
  /** In a few words: `DELETE of a row`. Unique among the attacks of its guarantee. */
  readonly name: string;
  readonly as: Attacker;
  /**
   * All but the last prepare the attack and must succeed; the last is the attack. Where the owner lacks the privilege
   * for a preparation (`session_replication_role` is a superuser's), the attack counts as refused.
   */
  readonly statements: readonly string[];
  /** What is done before the statements: of each step the first way that succeeds, and one must. */
  readonly preparation?: readonly (readonly string[])[];
  /**
   * `refused`: the database must raise an error. `untouched`: it must raise, or neither return nor change a row.
   * `detected`: it may succeed, and `detect` must then find it. `accepted`: it must succeed, because that is the promise.
   */
  readonly expect: 'refused' | 'untouched' | 'detected' | 'accepted';
  /** In whose scope the application attacks. */
  readonly scope?: string | null;
  /** What the guarantee's own check says of the database as it is now; `undefined` when it finds nothing wrong. */
  readonly detect?: (run: RunSql) => Promise<string | undefined>;
}

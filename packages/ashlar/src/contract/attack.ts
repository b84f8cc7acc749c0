import type { RunSql, SqlName, SqlRow } from './sql.js';

/** What an attack is built from: rows that are in the table during the attack, values, partitions and scopes. */
export interface Probe {
  readonly dialect: SqlName;
  /** An existing row. */
  readonly row: SqlRow;
  /** Another existing row; `undefined` if the table can have one only. */
  readonly other: SqlRow | undefined;
  /** A row that can be inserted: its keys are unused. */
  readonly fresh: SqlRow;
  /** A valid value for each column that a statement may set; it differs from the rows' values where the type has a second one. */
  readonly values: SqlRow;
  /** Partitions by name; the first holds {@link row}. Empty where the table has none. */
  readonly partitions: readonly string[];
  /** The scope of {@link row}, and another scope; both `undefined` where the table has no scope. */
  readonly scope: string | undefined;
  readonly otherScope: string | undefined;
}

/** Who attacks: the application's role in a session, or the owner of the schema on a connection of its own. */
export type Attacker = 'app' | 'owner';

/** Statements that would break a guarantee. They run in a savepoint that is always rolled back. */
export interface Attack {
  /** In a few words: `DELETE of a row`. Unique among the attacks of its guarantee. */
  readonly name: string;
  readonly as: Attacker;
  /**
   * The last statement is the attack; those before it prepare it and must succeed. If the owner lacks the privilege for a
   * preparation (`session_replication_role` needs a superuser), the attack counts as refused.
   */
  readonly statements: readonly string[];
  /** Steps before the statements, each with alternatives: the first alternative that succeeds counts, and one must. */
  readonly preparation?: readonly (readonly string[])[];
  /**
   * `refused`: the database must raise an error. `untouched`: it must raise, or neither return nor change a row.
   * `detected`: it may succeed, and `detect` must then find it. `accepted`: it must succeed, because the guarantee allows it.
   */
  readonly expect: 'refused' | 'untouched' | 'detected' | 'accepted';
  /** The scope of the application's session. */
  readonly scope?: string | null;
  /** The finding of the guarantee's own check after the attack; `undefined` if it finds nothing. */
  readonly detect?: (run: RunSql) => Promise<string | undefined>;
}

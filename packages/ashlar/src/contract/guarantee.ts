import type { Attack, Probe } from './attack.js';
import type { MovedBetween, MovedParts } from './bulk.js';
import type { DataCheck, DataContext } from './data-check.js';
import type { Rights } from './rights.js';
import type { RunNow, RunSql } from './sql.js';
import type { ForeignKeyAction, GuaranteeFacts, TableFacts } from './table.js';

/**
 * A database object that enforces a guarantee. Its name is unique in the schema (a policy's: on its table); its SQL
 * creates it.
 */
export interface GuaranteeObject {
  readonly type: 'index' | 'function' | 'trigger' | 'table' | 'policy';
  readonly name: string;
  readonly sql: string;
  /**
   * The version of Ashlar's own objects with which releases began to make this object: a database with older ones need not
   * have it. Default: the first.
   */
  readonly since?: number;
  /**
   * Of a side table: the statement that a step runs right after it made the side table of a table that exists. It records what
   * was there before.
   */
  readonly fill?: string;
}

/**
 * The tools for maintenance: the current time, and a function that runs statements in a transaction of the schema's
 * owner.
 */
export interface MaintenanceTools {
  /** The time that maintenance takes as the current time. */
  readonly now: Date;
  /** Runs `work` in one transaction of the schema's owner; waits at most `lockTimeout` milliseconds for locks. */
  atomically<T>(work: (run: RunSql) => Promise<T>, options?: { lockTimeout?: number }): Promise<T>;
}

/** The result of maintenance: the changes made, and the time until which no more are needed. */
export interface MaintenanceReport {
  /** One line per change; empty if nothing had to be done. */
  readonly done: readonly string[];
  /** The time until which no further maintenance is needed; `undefined` if none will ever be needed. */
  readonly goodUntil: Date | undefined;
}

/**
 * The tools for a purge: those for maintenance, and all tables of the system, because their rows may refer to purged
 * rows.
 */
export interface PurgeTools extends MaintenanceTools {
  readonly tables: readonly GuardedTable[];
  /**
   * Whether to report the rows that would be purged at {@link now}, without purging them. If false, no row is purged
   * before it expires by the database's own clock.
   */
  readonly dryRun: boolean;
}

/** A group of rows that were purged together or, in a dry run, would be purged. */
export interface Purged {
  readonly table: string;
  readonly reason: string;
  readonly rows: number;
  /** The time of the oldest of these rows, as ISO 8601. */
  readonly earliest: string;
  /** The time of the newest of these rows, as ISO 8601. */
  readonly latest: string;
  /** The partition that was dropped together with the rows; `undefined` if none was. */
  readonly partition: string | undefined;
}

/** The result of a purge: the purged rows of a table, and the numbers of expired rows that remain. */
export interface PurgeReport {
  readonly purged: readonly Purged[];
  /** The number of expired rows that remain because of a legal hold. */
  readonly held: number;
  /** The number of expired rows without a hold that remain because other rows refer to them. */
  readonly stuck: number;
}

/** The SQL with which a purge also deletes a guarantee's records about the purged rows from side tables. */
export interface PurgeFollowUp {
  /** Returns the SQL expression for the key of a row in the side tables; `row` is the SQL alias of the row. */
  key(row: string): string;
  /** Returns the SQL condition under which this guarantee allows the row to be purged. */
  ready(row: string): string;
  /** Returns the statements to run after rows were deleted; `keys` is the SQL list of their keys, for `IN (…)`. */
  statements(keys: string): readonly string[];
}

/** How one kind of engine enforces a guarantee. */
export interface Enforcement {
  readonly level: 'enforced' | 'emulated';
  /** The reason why the level `emulated` is weaker than `enforced` for this guarantee. */
  readonly weaker?: string;
  /** Returns a clause to append to the table's CREATE TABLE, such as PARTITION BY. */
  readonly clause?: (table: GuardedTable) => string;
  /** Returns the database objects that the guarantee needs in addition to the table. */
  readonly objects: (table: GuardedTable) => readonly GuaranteeObject[];
  /** Returns the objects that a partition needs itself, because the objects of the parent table do not apply to it. */
  readonly onPartition?: (table: GuardedTable, partition: string) => readonly GuaranteeObject[];
  /** Does recurring work, such as creating the next partitions; it can be repeated safely. */
  readonly maintain?: (table: GuardedTable, tools: MaintenanceTools) => Promise<MaintenanceReport>;
  /** Purges the expired rows of the table. */
  readonly purge?: (table: GuardedTable, tools: PurgeTools) => Promise<PurgeReport>;
  /** Returns the SQL that purges this guarantee's records about rows that another guarantee purges. */
  readonly onPurge?: (table: GuardedTable) => PurgeFollowUp;
  /** Makes what rows with times in these months of UTC (`2026-11`) need, before they are loaded. Idempotent. */
  readonly makeRoom?: (
    table: GuardedTable,
    months: readonly string[],
    tools: MaintenanceTools,
  ) => Promise<void>;
  /** Runs checks beyond the existence of the objects; returns one line per finding. Changes nothing. */
  readonly inspect?: (table: GuardedTable, tools: MaintenanceTools) => Promise<readonly string[]>;
}

/** How SQLite enforces a guarantee. */
export interface SqliteEnforcement extends Enforcement {
  /**
   * Whether the triggers read the actor and the scope from the table `ashlar_session`, in which each writing session
   * stores them while it runs.
   */
  readonly readsSession?: boolean;
  /** How it is weaker on a table of another tool, or why it cannot be on one. There it is `emulated` at most. */
  readonly external?: RefusedLevel | { readonly level: 'emulated'; readonly weaker: string };
  /** Returns a function to run in each writing transaction, right before its COMMIT. */
  readonly beforeCommit?: (table: GuardedTable) => (run: RunNow) => void;
}

/**
 * The result of a sealing statement: `done`, `more` or `busy`. `done`: all rows that the statement's snapshot shows
 * are sealed. `more`: batch limit reached, call again. `busy`: another process is sealing.
 */
export type SealResult = 'done' | 'more' | 'busy';

/** How PostgreSQL enforces a guarantee. */
export interface PostgresEnforcement extends Enforcement {
  /**
   * Whether the guarantee relies on the session's actor or scope. It is then `enforced` only where the database verifies
   * them (SCOPE_KEY) and the application cannot act as the owner, and otherwise `emulated`.
   */
  readonly readsContext?: boolean;
  /**
   * Definitions of additional columns that only the database fills in. Their names begin with `ashlar_`: results leave
   * such columns out, and no declaration can have one.
   */
  readonly columns?: readonly string[];
  /**
   * Returns the rights that the guarantee withholds from the application's role. Its side tables can only be read, and
   * those of a scoped table not even that.
   */
  readonly rights?: (table: GuardedTable) => Rights;
  /**
   * Returns the statement that seals rows in the ledger. With one connection (PGlite), it runs in each writing
   * transaction, right before its COMMIT; on a server, it runs in the background, soon after rows were committed. Any
   * role may run it. Idempotent. The statement returns one row with one column: a {@link SealResult}.
   */
  readonly seal?: (table: GuardedTable) => string;
}

/** The level `refused`: the engine cannot enforce the guarantee, and `up` refuses the table. */
export interface RefusedLevel {
  readonly level: 'refused';
  readonly why: string;
}

/**
 * A rule about a fact that another guarantee of the same table gives: a guarantee requires the fact, or conflicts with
 * it.
 */
export interface FactRule {
  readonly fact: keyof GuaranteeFacts;
  /** The case in which the rule applies. Default: in every case. */
  readonly when?: {
    readonly holds: (facts: GuaranteeFacts) => boolean;
    /** The case in words, after the name of the guarantee: `without exceptions`. */
    readonly words: string;
  };
  /** The reason for the rule, as a sentence. */
  readonly why: string;
  readonly suggestion: string;
}

/** A table during its declaration, when only its name and columns are known. */
export type DeclaredColumns = Pick<TableFacts, 'name' | 'columns'>;

/** A property of a table that the database enforces. */
export interface Guarantee {
  readonly kind: 'guarantee';
  /** The name of the guarantee, in lower case with hyphens: `append-only`. */
  readonly name: string;
  /** The property that the database enforces, in one sentence. */
  readonly summary: string;
  /** The names of the columns that the guarantee is declared over; the facts of its errors have them. */
  readonly columns?: readonly string[];
  /** Throws if the guarantee cannot hold for the table; runs when the table is declared. */
  readonly validate?: (table: TableFacts) => void;
  /**
   * Returns facts about the declaring table that hold because of the guarantee; other code and guarantees may rely on
   * them.
   */
  readonly facts?: (table: DeclaredColumns) => GuaranteeFacts;
  /**
   * Returns the columns that the guarantee freezes: it refuses a change of them, or lets them change only by rules of its
   * own. A foreign key of the table with the given action that would set one of them is refused.
   */
  readonly frozen?: (table: TableFacts, action: ForeignKeyAction) => readonly string[];
  /** Facts that another guarantee of the table must give, because this guarantee cannot hold without them. */
  readonly requires?: readonly FactRule[];
  /** Properties that no other guarantee of the same table may declare, because they contradict this guarantee. */
  readonly conflicts?: readonly FactRule[];
  readonly sqlite: SqliteEnforcement | RefusedLevel;
  readonly postgres: PostgresEnforcement | RefusedLevel;
  /**
   * Examples of rows, or parts of rows, that the guarantee accepts; needed if the column types also allow rows that
   * the guarantee refuses. Encrypted columns are given as plaintext.
   */
  readonly probes?: readonly Readonly<Record<string, unknown>>[];
  /** Returns the attacks on this guarantee that `ashlar prove` runs. */
  readonly attacks?: (table: GuardedTable, probe: Probe) => readonly Attack[];
  /** Returns the checks with which `ashlar prove --data` finds rows that break this guarantee. */
  readonly data?: (table: GuardedTable, context: DataContext) => readonly DataCheck[];
  /** Returns what a move to another database copies for this guarantee. */
  readonly moved?: (table: GuardedTable, between: MovedBetween) => MovedParts;
}

/** A table together with its guarantees, which the database enforces. */
export interface GuardedTable extends TableFacts {
  readonly guarantees: readonly Guarantee[];
}

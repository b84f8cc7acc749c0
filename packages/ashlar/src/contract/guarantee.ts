import type { Attack, Probe } from './attack.js';
import type { Rights } from './rights.js';
import type { RunNow, RunSql } from './sql.js';
import type { GuaranteeFacts, TableFacts } from './table.js';

/** A database object that keeps a guarantee. Its name is unique in its schema, a policy's on its table; its SQL creates it once. */
export interface GuaranteeObject {
  readonly type: 'index' | 'function' | 'trigger' | 'table' | 'policy';
  readonly name: string;
  readonly sql: string;
}

/** What maintenance may use: plain statements, each in the transaction that `atomically` opens. */
export interface MaintenanceTools {
  /** The moment to maintain for. */
  readonly now: Date;
  /** Runs `work` in one transaction of the schema's owner; with `lockTimeout` (milliseconds), it gives up waiting. */
  atomically<T>(work: (run: RunSql) => Promise<T>, options?: { lockTimeout?: number }): Promise<T>;
}

/** What maintenance did and what it found. */
export interface MaintenanceReport {
  /** One line for each thing that was changed; empty when all was in place. */
  readonly done: readonly string[];
  /** Until when no maintenance is needed; `undefined` when never again. */
  readonly goodUntil: Date | undefined;
}

/** What retirement may use: besides what maintenance may, all tables of the system, whose rows may refer to those that leave. */
export interface PurgeTools extends MaintenanceTools {
  readonly tables: readonly GuardedTable[];
  /** Only tells what would leave at {@link now}. Otherwise nothing leaves before it is due by the database's own clock. */
  readonly dryRun: boolean;
}

/** Rows that left, or would, in one go. */
export interface Purged {
  readonly table: string;
  readonly reason: string;
  readonly rows: number;
  /** The range of their times. */
  readonly earliest: string;
  readonly latest: string;
  /** The partition that they left with, as a whole. */
  readonly partition: string | undefined;
}

/** What became of the rows of a table that were due. */
export interface PurgeReport {
  readonly purged: readonly Purged[];
  /** Rows that are due and stay, because they are held. */
  readonly held: number;
  /** Rows that are due and not held, and yet could not leave: others still refer to them. */
  readonly stuck: number;
}

/** What a guarantee put beside the rows of a table and must go with them. */
export interface PurgeFollowUp {
  /** The expression under which what belongs to a row is found; `row` is the row's name where it stands. */
  key(row: string): string;
  /** The condition that a row may leave as far as this guarantee goes. */
  ready(row: string): string;
  /** The statements that follow when rows have left; `keys` is what stands in `IN (…)`. */
  statements(keys: string): readonly string[];
}

/** How one engine keeps a guarantee. */
export interface Enforcement {
  readonly level: 'enforced' | 'emulated';
  /** For `emulated`: in which way it is weaker. */
  readonly weaker?: string;
  /** Appended to the table's CREATE TABLE (a partitioning clause). */
  readonly clause?: (table: GuardedTable) => string;
  /** What must exist beside the table. */
  readonly objects: (table: GuardedTable) => readonly GuaranteeObject[];
  /** What each partition of the table needs of its own, because the parent's does not reach it. */
  readonly onPartition?: (table: GuardedTable, partition: string) => readonly GuaranteeObject[];
  /** Work that must be done again as time passes; idempotent. */
  readonly maintain?: (table: GuardedTable, tools: MaintenanceTools) => Promise<MaintenanceReport>;
  /** Lets the rows leave whose time has come. */
  readonly purge?: (table: GuardedTable, tools: PurgeTools) => Promise<PurgeReport>;
  /** What goes with rows that another guarantee lets leave. */
  readonly onPurge?: (table: GuardedTable) => PurgeFollowUp;
  /** What is not as it must be beside the objects themselves, one line each. Changes nothing. */
  readonly inspect?: (table: GuardedTable, tools: MaintenanceTools) => Promise<readonly string[]>;
}

/** How SQLite keeps a guarantee. */
export interface SqliteEnforcement extends Enforcement {
  /** Its triggers read who acts from `ashlar_session`: each writing session then leaves its actor and scope there meanwhile. */
  readonly readsSession?: boolean;
  /** What is done in each transaction that writes, right before its COMMIT. */
  readonly beforeCommit?: (table: GuardedTable) => (run: RunNow) => void;
}

/** `done`: all visible rows sealed. `more`: batch limit reached, call again. `busy`: another process is sealing. */
export type SealResult = 'done' | 'more' | 'busy';

/** How Postgres keeps a guarantee. */
export interface PostgresEnforcement extends Enforcement {
  /**
   * Definitions of columns behind the table's own, which the database alone fills in. Their names begin with `ashlar_`: no
   * result shows a column that is called so, and no declaration can have one.
   */
  readonly columns?: readonly string[];
  /**
   * What the guarantee withholds from the application's role. Tables that it puts beside its own can only be read, and not
   * even that where the table is scoped.
   */
  readonly rights?: (table: GuardedTable) => Rights;
  /**
   * A statement that must run soon after rows were committed, by any role: with one connection (PGlite) it runs in each
   * transaction that writes, right before its COMMIT; on a server in the background. Idempotent. It gives one row with
   * one column: a {@link SealResult}.
   */
  readonly seal?: (table: GuardedTable) => string;
}

/** An engine that cannot keep a guarantee says so; `up` then refuses the table. */
export interface RefusedLevel {
  readonly level: 'refused';
  readonly why: string;
}

/** What a guarantee requires of the others of its table, or cannot hold with: a fact that one of them gives. */
export interface FactRule {
  readonly fact: keyof GuaranteeFacts;
  /** The rule is about the fact in this case only. Default: in every case. */
  readonly when?: {
    readonly holds: (facts: GuaranteeFacts) => boolean;
    /** The case in words, after the name of the guarantee: `without exceptions`. */
    readonly words: string;
  };
  /** The reason, as a sentence. */
  readonly why: string;
  readonly suggestion: string;
}

/** A table whose guarantees are not looked at yet. */
export type DeclaredColumns = Pick<TableFacts, 'name' | 'columns'>;

/** A promise about a table that the database enforces. */
export interface Guarantee {
  readonly kind: 'guarantee';
  /** Its name in lower case with hyphens: `append-only`. */
  readonly name: string;
  /** The promise in one sentence. */
  readonly summary: string;
  /** Refuses a table that the guarantee does not fit; runs when the table is declared. */
  readonly validate?: (table: TableFacts) => void;
  /** What the guarantee says of the table that declares it, for code that relies on it and for other guarantees. */
  readonly facts?: (table: DeclaredColumns) => GuaranteeFacts;
  /** Facts without which it cannot hold: another guarantee of the table must give them. */
  readonly requires?: readonly FactRule[];
  /** Facts with which it cannot hold: no other guarantee of the table may give them. */
  readonly conflicts?: readonly FactRule[];
  readonly sqlite: SqliteEnforcement | RefusedLevel;
  readonly postgres: PostgresEnforcement | RefusedLevel;
  /** Parts of rows that it accepts, where not every row of the right types is one; of ciphered columns the plaintext. */
  readonly probes?: readonly Readonly<Record<string, unknown>>[];
  /** The statements that would break it: what `ashlar prove` tries. */
  readonly attacks?: (table: GuardedTable, probe: Probe) => readonly Attack[];
}

/** A table with the guarantees that the database enforces for it. */
export interface GuardedTable extends TableFacts {
  readonly guarantees: readonly Guarantee[];
}

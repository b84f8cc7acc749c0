import type { Attack, Probe } from './attack.js';
import type { Rights } from './rights.js';
import type { RunNow, RunSql } from './sql.js';
import type { GuaranteeFacts, TableFacts } from './table.js';

/** A database object that enforces a guarantee. Its name is unique in the schema (a policy's: on its table); its SQL creates it. */
export interface GuaranteeObject {
  readonly type: 'index' | 'function' | 'trigger' | 'table' | 'policy';
  readonly name: string;
  readonly sql: string;
}

/** What maintenance may use: statements in transactions that `atomically` opens. */
export interface MaintenanceTools {
  /** The time to maintain for. */
  readonly now: Date;
  /** Runs `work` in one transaction of the schema's owner; waits at most `lockTimeout` milliseconds for locks. */
  atomically<T>(work: (run: RunSql) => Promise<T>, options?: { lockTimeout?: number }): Promise<T>;
}

/** What maintenance did and what it found. */
export interface MaintenanceReport {
  /** One line per change; empty if nothing had to be done. */
  readonly done: readonly string[];
  /** Until when no further maintenance is needed; `undefined`: never again. */
  readonly goodUntil: Date | undefined;
}

/** What a purge may use: the maintenance tools, and all tables of the system, since their rows may refer to purged ones. */
export interface PurgeTools extends MaintenanceTools {
  readonly tables: readonly GuardedTable[];
  /** Only report what would be purged at {@link now}. Otherwise no row is purged before it expires by the database's own clock. */
  readonly dryRun: boolean;
}

/** Rows that were purged together, or would be. */
export interface Purged {
  readonly table: string;
  readonly reason: string;
  readonly rows: number;
  /** The range of their times, as ISO 8601. */
  readonly earliest: string;
  readonly latest: string;
  /** The partition that was dropped with them. */
  readonly partition: string | undefined;
}

/** What happened to the expired rows of a table. */
export interface PurgeReport {
  readonly purged: readonly Purged[];
  /** Expired rows that stay because of a legal hold. */
  readonly held: number;
  /** Expired rows without a hold that stay because other rows refer to them. */
  readonly stuck: number;
}

/** What a guarantee keeps in side tables about the rows of a table, and must be purged with them. */
export interface PurgeFollowUp {
  /** The expression for the key of a row in the side tables; `row` is the alias of the row. */
  key(row: string): string;
  /** The condition under which this guarantee allows the row to be purged. */
  ready(row: string): string;
  /** The statements to run after rows were deleted; `keys` is the content of `IN (…)`. */
  statements(keys: string): readonly string[];
}

/** How one kind of engine enforces a guarantee. */
export interface Enforcement {
  readonly level: 'enforced' | 'emulated';
  /** For `emulated`: why it is weaker. */
  readonly weaker?: string;
  /** Appended to the table's CREATE TABLE (a partitioning clause). */
  readonly clause?: (table: GuardedTable) => string;
  /** The objects it needs beside the table. */
  readonly objects: (table: GuardedTable) => readonly GuaranteeObject[];
  /** The objects that each partition needs, because those of the parent do not reach it. */
  readonly onPartition?: (table: GuardedTable, partition: string) => readonly GuaranteeObject[];
  /** Recurring work, such as creating the next partitions; idempotent. */
  readonly maintain?: (table: GuardedTable, tools: MaintenanceTools) => Promise<MaintenanceReport>;
  /** Purges expired rows. */
  readonly purge?: (table: GuardedTable, tools: PurgeTools) => Promise<PurgeReport>;
  /** What to purge with rows that another guarantee purges. */
  readonly onPurge?: (table: GuardedTable) => PurgeFollowUp;
  /** Checks more than the objects; one line per finding. Changes nothing. */
  readonly inspect?: (table: GuardedTable, tools: MaintenanceTools) => Promise<readonly string[]>;
}

/** How SQLite enforces a guarantee. */
export interface SqliteEnforcement extends Enforcement {
  /** Its triggers read the actor and the scope from `ashlar_session`: each writing session stores them there while it runs. */
  readonly readsSession?: boolean;
  /** Runs in each writing transaction, right before its COMMIT. */
  readonly beforeCommit?: (table: GuardedTable) => (run: RunNow) => void;
}

/** `done`: all visible rows sealed. `more`: batch limit reached, call again. `busy`: another process is sealing. */
export type SealResult = 'done' | 'more' | 'busy';

/** How Postgres enforces a guarantee. */
export interface PostgresEnforcement extends Enforcement {
  /**
   * Definitions of additional columns that only the database fills in. Their names begin with `ashlar_`: results leave such
   * columns out, and no declaration can have one.
   */
  readonly columns?: readonly string[];
  /**
   * What the guarantee withholds from the application's role. Its side tables can only be read, and those of a scoped table
   * not even that.
   */
  readonly rights?: (table: GuardedTable) => Rights;
  /**
   * A statement that must run soon after rows were committed, by any role: with one connection (PGlite) in each writing
   * transaction, right before its COMMIT; on a server in the background. Idempotent. Returns one row with one column: a
   * {@link SealResult}.
   */
  readonly seal?: (table: GuardedTable) => string;
}

/** The engine cannot enforce the guarantee: `up` refuses the table. */
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

/** A table of which only the columns are known yet. */
export type DeclaredColumns = Pick<TableFacts, 'name' | 'columns'>;

/** A property of a table that the database enforces. */
export interface Guarantee {
  readonly kind: 'guarantee';
  /** Its name in lower case with hyphens: `append-only`. */
  readonly name: string;
  /** What it guarantees, in one sentence. */
  readonly summary: string;
  /** Refuses a table for which the guarantee cannot hold; runs when the table is declared. */
  readonly validate?: (table: TableFacts) => void;
  /** What the guarantee says of the table that declares it, for code that relies on it and for other guarantees. */
  readonly facts?: (table: DeclaredColumns) => GuaranteeFacts;
  /** Facts without which it cannot hold: another guarantee of the table must give them. */
  readonly requires?: readonly FactRule[];
  /** Facts with which it cannot hold: no other guarantee of the table may give them. */
  readonly conflicts?: readonly FactRule[];
  readonly sqlite: SqliteEnforcement | RefusedLevel;
  readonly postgres: PostgresEnforcement | RefusedLevel;
  /** Examples of accepted rows, or parts of them, if the types allow rows that it refuses; of encrypted columns the plaintext. */
  readonly probes?: readonly Readonly<Record<string, unknown>>[];
  /** The statements that would break it: what `ashlar prove` tries. */
  readonly attacks?: (table: GuardedTable, probe: Probe) => readonly Attack[];
}

/** A table with the guarantees that the database enforces for it. */
export interface GuardedTable extends TableFacts {
  readonly guarantees: readonly Guarantee[];
}

import type { RoleChange, Roles } from '../contract/roles.js';
import type { ProveReport } from '../prove/report.js';
import type { ColumnKeys } from '../settings/index.js';
import type { LedgerHead } from './ledgers.js';

/** What a move is doing. */
export type MovePhase = 'look' | 'schema' | 'load' | 'objects' | 'compare' | 'verify' | 'prove';

/** How far a move is. */
export interface MoveProgress {
  readonly phase: MovePhase;
  /** Rows while tables are loaded, else objects or tables. */
  readonly done: number;
  readonly total: number | undefined;
  /** The table that is loaded. */
  readonly table?: string;
}

/** Options of {@link move}. */
export interface MoveOptions {
  /** Who is recorded with the steps; by default the user of the operating system. */
  readonly actor?: string | undefined;
  /** How long to wait for another process that migrates the target, in milliseconds; by default 30,000. */
  readonly lockTimeout?: number | undefined;
  /** The roles of the target. Default: `ashlar_app` and `ashlar_auditor`. */
  readonly roles?: Roles | undefined;
  /** The key with which the target verifies the scope and actor of sessions. */
  readonly scopeKey?: string | undefined;
  /** The master keys of encrypted columns; by default those of the settings. Needed where a table has such columns. */
  readonly columnKeys?: ColumnKeys | undefined;
  /** How many rows a transaction loads at most, in whole batches of the reader. Default 50,000. */
  readonly transactionRows?: number | undefined;
  /** Whether to attack the guarantees in the target at the end. Default: `true`. The comparison is never left out. */
  readonly prove?: boolean | undefined;
  readonly onProgress?: ((progress: MoveProgress) => void) | undefined;
  /** Called with the changes that were made to roles and rights of the target. */
  readonly onRoles?: ((changes: readonly RoleChange[]) => void) | undefined;
}

/** What a move has done. */
export interface MoveReport {
  readonly from: string;
  readonly to: string;
  readonly systems: readonly string[];
  /** The tables, with the number of rows and the checksum that source and target share. */
  readonly tables: readonly { readonly table: string; readonly rows: number; readonly checksum: string }[];
  /** The ledgers, which are the same in source and target. */
  readonly ledgers: readonly LedgerHead[];
  /** The next numbers of columns whose numbers the database gives. */
  readonly generators: readonly { readonly table: string; readonly next: string }[];
  /** The tables of the source that belong to no moved system, and were not moved. */
  readonly others: readonly string[];
  /** The sequences of the source that were not moved on: the target lacks them, or one of both belongs to another role. */
  readonly sequencesLeft: readonly string[];
  readonly seconds: Readonly<Record<Exclude<MovePhase, 'look'>, number>>;
  /** The rows that this run has loaded, per second of loading them and restoring the objects. */
  readonly rowsPerSecond: number;
  /** Whether the run went on with an unfinished move. */
  readonly resumed: boolean;
  /** Whether a former move has done everything: this run has only compared. */
  readonly complete: boolean;
  /** One report for each system; empty if `prove` is `false`. */
  readonly reports: readonly ProveReport[];
}

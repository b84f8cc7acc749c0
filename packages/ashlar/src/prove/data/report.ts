import type { LedgerReport } from '../report.js';

/** Rows that one check found. */
export interface DataFinding {
  readonly table: string;
  /** The guarantee that the rows break; `declaration` for foreign keys, CHECKs and required values. */
  readonly guarantee: string;
  /** What is wrong with the rows: `refers to no row of clients`. */
  readonly what: string;
  /** The number of rows. */
  readonly rows: number;
  /**
   * The primary keys of the first rows, at most 20, as text; a key of several columns is a JSON array. Empty for damage of the table,
   * of which `what` names the place.
   */
  readonly keys: readonly string[];
}

/** The number of rows to read of one table, as the database estimates it, and the number of checks of each row. */
export interface DataEstimate {
  readonly table: string;
  readonly rows: number;
  readonly checks: number;
}

/** The state of a check of rows, from which another one can go on. It can be kept as JSON. */
export interface DataPosition {
  readonly form: 'ashlar/data-position/v2';
  readonly system: string;
  /** A hash of what the position depends on: the database, and the texts of all checks. */
  readonly of: string;
  /** When the last rows were read, as ISO 8601. */
  readonly written: string;
  /** The number of rows that were read of each table. */
  readonly read: Readonly<Record<string, number>>;
  /** The tables whose rows were all read. */
  readonly done: readonly string[];
  /** The table that was being read, with the primary key of the last row that was read, each value as the engine names it. */
  readonly at?: { readonly table: string; readonly after: readonly string[] };
  readonly findings: readonly DataFinding[];
}

/** What the rows of a system say about its guarantees. */
export interface DataReport {
  readonly system: string;
  /** Whether all rows were read; if not, `position` says where to go on. */
  readonly complete: boolean;
  /** Whether all rows were read, none is bad, and no ledger has a problem. */
  readonly ok: boolean;
  readonly rows: number;
  /** How many of these rows an earlier run read, and when its last; missing where this run read all. */
  readonly earlier?: { readonly rows: number; readonly until: string };
  /** Whether a position was given and could not be used: it is of another database, or of other checks. */
  readonly restarted: boolean;
  readonly findings: readonly DataFinding[];
  /** The verification of all entries of each ledger; empty where not all rows were read. */
  readonly ledgers: readonly LedgerReport[];
  readonly position: DataPosition;
}

/** The number of rows that were read up to a position. */
export function rowsRead({ read }: DataPosition): number {
  return Object.values(read).reduce((sum, rows) => sum + rows, 0);
}

/** The most keys that a finding lists. */
export const mostKeys = 20;

/** Lists what was found, one line for each check that found rows, and for each problem of a ledger. */
export function findingsOf({ findings, ledgers }: DataReport): readonly string[] {
  return [
    ...findings.map(({ table, guarantee, what, rows, keys }) => {
      if (keys.length === 0) return `${table}, ${guarantee}: ${what}`;
      const more = rows > keys.length ? ` and ${rows - keys.length} more` : '';
      return `${table}, ${guarantee}: ${rows === 1 ? 'the row' : `${rows} rows,`} ${keys.join(', ')}${more}: ${what}`;
    }),
    ...ledgers.flatMap(({ ledger, found }) => found.map((line) => `ledger ${ledger}: ${line}`)),
  ];
}

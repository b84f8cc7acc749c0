import type { Table } from './table.js';

/** The kinds of SQL an engine can speak. */
export type SqlName = 'sqlite' | 'postgres';

/** A database object that keeps a guarantee. Its name is unique in its schema; its SQL creates it once. */
export interface GuaranteeObject {
  readonly type: 'index' | 'function' | 'trigger' | 'table';
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

/** Runs one statement and gives its rows, undecoded values as text where the engine has no plainer form. */
export type RunSql = (
  sql: string,
  parameters?: readonly unknown[],
) => Promise<readonly Record<string, unknown>[]>;

/** What maintenance did and what it found. */
export interface MaintenanceReport {
  /** One line for each thing that was changed; empty when all was in place. */
  readonly done: readonly string[];
  /** Until when no maintenance is needed; `undefined` when never again. */
  readonly goodUntil: Date | undefined;
}

/** How one engine keeps a guarantee. */
export interface Keeping {
  readonly level: 'enforced' | 'emulated';
  /** For `emulated`: in which way it is weaker. */
  readonly weaker?: string;
  /** Appended to the table's CREATE TABLE (a partitioning clause). */
  readonly clause?: (table: Table) => string;
  /** What must exist beside the table. */
  readonly objects: (table: Table) => readonly GuaranteeObject[];
  /** What each partition of the table needs of its own, because the parent's does not reach it. */
  readonly onPartition?: (table: Table, partition: string) => readonly GuaranteeObject[];
  /** Work that must be done again as time passes; idempotent. */
  readonly maintain?: (table: Table, tools: MaintenanceTools) => Promise<MaintenanceReport>;
}

/** An engine that cannot keep a guarantee says so; `up` then refuses the table. */
export interface Refusal {
  readonly level: 'refused';
  readonly why: string;
}

/** A promise about a table that the database enforces. */
export interface Guarantee {
  readonly kind: 'guarantee';
  /** Its name in lower case with hyphens: `append-only`. */
  readonly name: string;
  /** The promise in one sentence. */
  readonly promise: string;
  /** Refuses a table that the guarantee does not fit; runs when the table is declared. */
  readonly validate?: (table: Table) => void;
  readonly sqlite: Keeping | Refusal;
  readonly postgres: Keeping | Refusal;
}

import type { GuardedTable } from './guarantee.js';

/** A system as the database sees it: its tables and its migrations, without what it contributes to programs. */
export interface SystemFacts<T = Readonly<Record<string, GuardedTable>>> {
  /** Lower case; its migrations are recorded under this name. */
  readonly name: string;
  readonly tables: T;
  /** The folder of its migrations, one folder a step. */
  readonly migrations: URL;
  /** Rows, or parts of rows, that `ashlar prove` attacks: by the tables' keys in `tables`. */
  readonly probes?: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[] | undefined>>;
}

import type { GuardedTable } from './guarantee.js';

/** The parts of a system that concern its database: name, tables, migrations and example rows for attacks. */
export interface SystemFacts<T = Readonly<Record<string, GuardedTable>>> {
  /** The system's name, in lower case; its migrations are recorded under this name. */
  readonly name: string;
  readonly tables: T;
  /** The folder of the system's migrations, which contains one folder for each step. */
  readonly migrations: URL;
  /** Example rows, or parts of rows, that `ashlar prove` uses in attacks, by the property names of `tables`. */
  readonly probes?: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[] | undefined>>;
}

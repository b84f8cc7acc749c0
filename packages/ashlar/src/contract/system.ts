import type { GuardedTable } from './guarantee.js';
import type { GuardedPlace } from './guards.js';
import type { AcceptedObject, DeclaredObject, DeclaredView } from './objects.js';

/** The parts of a system that concern its database: name, tables, migrations and example rows for attacks. */
export interface SystemFacts<T = Readonly<Record<string, GuardedTable>>> {
  /** The system's name, in lower case; its migrations are recorded under this name. */
  readonly name: string;
  readonly tables: T;
  readonly views?: Readonly<Record<string, DeclaredView>> | undefined;
  /** The objects of the system that are declared by their SQL. */
  readonly objects?: readonly DeclaredObject[] | undefined;
  /** The objects that no step makes and that are no finding of `prove`. */
  readonly accepts?: readonly AcceptedObject[] | undefined;
  /**
   * The other systems of the project. What their steps make of the same database is no finding, here and in the schemas of their
   * own, as long as nothing else is there.
   */
  readonly beside?: readonly SystemFacts[] | undefined;
  /** Where the tables are that the system guards without owning them; `undefined` for a system that owns its tables. */
  readonly guards?: GuardedPlace | undefined;
  /** The folder of the system's migrations, which contains one folder for each step. */
  readonly migrations: URL;
  /** Example rows, or parts of rows, that `ashlar prove` uses in attacks, by the property names of `tables`. */
  readonly probes?: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[] | undefined>>;
}

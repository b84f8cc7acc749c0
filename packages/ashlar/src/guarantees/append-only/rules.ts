import type { ForeignKey } from '../../contract/table.js';
import type { Stamp } from './stamp.js';

/** The options of `appendOnly`, resolved to columns and foreign keys of the table. */
export interface AppendOnlyRules {
  readonly parents: readonly ForeignKey[];
  readonly stamps: readonly Stamp[];
  /** Columns whose value only the database may set, from its clock. */
  readonly clocks: readonly string[];
}

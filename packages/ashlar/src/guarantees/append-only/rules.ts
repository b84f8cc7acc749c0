import type { ForeignKey } from '../../contract/table.js';
import type { Stamp } from './stamp.js';

/** The options of `appendOnly`, resolved against the table for the engines. */
export interface AppendOnlyRules {
  readonly parents: readonly ForeignKey[];
  readonly stamps: readonly Stamp[];
  /** Columns that only the database's clock sets. */
  readonly clocks: readonly string[];
}

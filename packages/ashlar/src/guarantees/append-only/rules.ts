import type { ForeignKey } from '../../contract/table.js';
import type { Stamp } from './stamp.js';

/** The options, resolved against the table. */
export interface AppendOnlyRules {
  readonly parents: readonly ForeignKey[];
  readonly stamps: readonly Stamp[];
  /** Columns that only the database's clock fills in. */
  readonly clocks: readonly string[];
}

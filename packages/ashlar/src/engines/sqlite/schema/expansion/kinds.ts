import type { GuaranteeObject } from '../../../../contract/guarantee.js';
import type { BothWays } from '../../../expansion.js';

/** What differs between the kinds of change. */
export interface ExpansionSql {
  /** Adds what the newer version needs. */
  readonly add: BothWays;
  /** The triggers that keep both sides in step. */
  readonly sync: readonly GuaranteeObject[];
  /** Statements that run without the triggers. */
  readonly contract: BothWays;
  /** Whether the contract replaces the table, because SQLite cannot change a default in place. */
  readonly rebuilds: boolean;
}

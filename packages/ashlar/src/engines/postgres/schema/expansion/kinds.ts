import type { GuaranteeObject } from '../../../../contract/guarantee.js';
import type { BothWays } from '../../../expansion.js';

/** What differs between the kinds of change. No statement of it reads rows, except the way back from the contract. */
export interface ExpansionSql {
  /** Adds what the newer version needs. */
  readonly add: BothWays;
  /** The function and the trigger that keep both sides in step. */
  readonly sync: readonly GuaranteeObject[];
  /** The CHECKs that hold for new rows from expand on, and for all rows after fill. */
  readonly proofs: readonly { readonly name: string; readonly condition: string }[];
  readonly contract: BothWays;
  /** Drops what only the older version needs. */
  readonly drop: readonly string[];
}

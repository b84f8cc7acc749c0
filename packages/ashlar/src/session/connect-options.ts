import type { OpenOptions } from '../contract/open-options.js';
import type { ColumnKeys, Secret } from '../settings/index.js';

/** How to connect. */
export interface ConnectOptions extends Omit<OpenOptions, 'url' | 'key'> {
  /** Where. Default: `DATABASE_URL`. */
  readonly url?: string | Secret | undefined;
  /** The key of an encrypted file. Default, where `url` is left out: `DATABASE_KEY`. */
  readonly key?: string | Secret | undefined;
  /** The keys of ciphered columns. Default: `COLUMN_KEY` and `COLUMN_KEYS_OLD`. */
  readonly columnKeys?: ColumnKeys | undefined;
  /**
   * Makes the times of this database's sessions; by default the database's own clock does. For tests and replays. Columns
   * that only the database's clock may fill in are the owner's to set: on Postgres this needs `allowOwner`.
   */
  readonly clock?: (() => Date) | undefined;
  /** How often a session is tried when the server reports a serialization failure or a deadlock. Default 5. */
  readonly attempts?: number | undefined;
  /** Keep partitions and the like in order as sessions run. Default true. */
  readonly maintain?: boolean | undefined;
}

import type { OpenOptions } from '../contract/open-options.js';
import type { ColumnKeys, Secret } from '../settings/index.js';
import type { SessionContext } from './types.js';

/** Options of `connect`. */
export interface ConnectOptions extends Omit<OpenOptions, 'url' | 'key' | 'scopeKey' | 'guards'> {
  /** The URL of the database. Default: `DATABASE_URL`. */
  readonly url?: string | Secret | undefined;
  /** The key of an encrypted file. Default when `url` is left out: `DATABASE_KEY`. */
  readonly key?: string | Secret | undefined;
  /**
   * The key that signs actor and scope of sessions on PostgreSQL, 64 hex digits: the one that `ashlar up` was given.
   * Default when `url` is left out: `SCOPE_KEY`.
   */
  readonly scopeKey?: string | Secret | undefined;
  /** The master keys of encrypted columns. Default: `COLUMN_KEY` and `COLUMN_KEYS_OLD`. */
  readonly columnKeys?: ColumnKeys | undefined;
  /**
   * The clock that generates times, for tests. Default: the database's own clock. Only a database that is marked as a test
   * database (`markTestDatabase` of `ashlar/testing`) accepts it. Where only the database may fill in a column, the owner
   * alone can set it: on PostgreSQL this option then needs `allowOwner`.
   */
  readonly clock?: (() => Date) | undefined;
  /** The actor and the scope of a session that is given none; `null` in a session's context means that it has none. */
  readonly context?: SessionContext | undefined;
  /**
   * The maximum number of times that a session is tried; it is tried again after a serialization failure or a deadlock.
   * Default 5.
   */
  readonly attempts?: number | undefined;
  /** Whether due maintenance, such as creating partitions, runs when a session starts. Default true. */
  readonly maintain?: boolean | undefined;
  /**
   * What to do when the steps of the system differ from those applied to the database. `warn`: log a warning on standard
   * error. `require`: throw `migration-pending` if steps are pending or were changed. `ignore`: do not compare. The
   * comparison reads the history once, as the application's role, and writes nothing. Default `warn`. A database that only
   * newer releases of Ashlar can use is refused with each of these values (`database-newer`).
   */
  readonly migrations?: 'warn' | 'require' | 'ignore' | undefined;
}

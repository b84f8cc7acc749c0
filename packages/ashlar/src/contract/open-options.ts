import type { GuardedPlace } from './guards.js';
import type { OnStatement } from './statement-event.js';

/** Options for opening a database with an engine. */
export interface OpenOptions {
  /** The URL of the database: `sqlite:PATH` · `sqlcipher:PATH` · `pglite:DIR` · `pglite:memory` · `postgres://…`. */
  readonly url: string;
  /** The key of an encrypted file: a passphrase, or 64 hex digits for a raw key. */
  readonly key?: string | undefined;
  /** The maximum number of connections to a server, or of readers of a file. Default 10. */
  readonly connections?: number | undefined;
  /** How long to wait for a lock, in milliseconds. Default 5,000. */
  readonly lockTimeout?: number | undefined;
  /** Whether to create the file or folder if it does not exist. Default true. */
  readonly create?: boolean | undefined;
  /**
   * Whether to create the missing folder of a SQLite file, too, as `ashlar up` does. Default false: a wrong path is then
   * an error instead of a new, empty database. PGlite creates its folder with `create`.
   */
  readonly createFolder?: boolean | undefined;
  /**
   * The role to which sessions switch when the connected role can change the schema and is a member of this role.
   * Default `ashlar_app`.
   */
  readonly appRole?: string | undefined;
  /** Whether sessions may act as the connected role even if that role can change the schema. Default false. */
  readonly allowOwner?: boolean | undefined;
  /**
   * The key that signs actor and scope of sessions on PostgreSQL: 64 hex digits. Needed where `ashlar up` was given one.
   */
  readonly scopeKey?: string | undefined;
  /**
   * Whether sessions are refused where a PostgreSQL database has no key that verifies actor and scope (`scope-key-absent`):
   * one that was restored from an early backup, or whose table of keys was emptied, does not fall back to settings. Without it,
   * only a database that had a key when this process saw it is refused. No effect on SQLite. Default false.
   */
  readonly requireScopeKey?: boolean | undefined;
  /**
   * The path of `pg_dump`, which copies a server's database; `pgRestore` is the path of `pg_restore`. Default:
   * `PG_DUMP` and `PG_RESTORE` of the settings, else those of the server's version in the usual folders, else on the
   * PATH.
   */
  readonly pgDump?: string | undefined;
  readonly pgRestore?: string | undefined;
  /**
   * The `synchronous` mode of SQLite: with `full`, a power failure loses no commit; with `normal`, it may lose the
   * last commits. Default `full`.
   */
  readonly durability?: 'full' | 'normal' | undefined;
  /**
   * Whether a SQLite file is only read, as that of another program: every write is refused, and the journal mode stays as it is.
   * Readers and writers of a file that is not in WAL mode wait for each other. Default false.
   */
  readonly onlyReads?: boolean | undefined;
  /**
   * For a system that guards tables of another tool: their schema, and that of Ashlar's own objects. The schema in the URL,
   * if there is one, must be the tool's.
   */
  readonly guards?: GuardedPlace | undefined;
  /** Called after each statement with its text, table, duration and numbers of rows, and never with a parameter. */
  readonly onStatement?: OnStatement | undefined;
}

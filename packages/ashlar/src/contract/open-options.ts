/** How an engine is opened. */
export interface OpenOptions {
  /** The URL: `sqlite:PATH` · `sqlcipher:PATH` · `pglite:DIR` · `pglite:memory` · `postgres://…`. */
  readonly url: string;
  /** The key of an encrypted file: a passphrase, or 64 hex digits for a raw key. */
  readonly key?: string | undefined;
  /** The maximum number of connections to a server, or of readers of a file. Default 10. */
  readonly connections?: number | undefined;
  /** How long to wait for a lock, in milliseconds. Default 5,000. */
  readonly lockTimeout?: number | undefined;
  /** Create the file or folder if it does not exist. Default true. */
  readonly create?: boolean | undefined;
  /** The role that sessions act as if the user can change the schema and is a member of the role. Default `ashlar_app`. */
  readonly appRole?: string | undefined;
  /** Let sessions act as the user even if the user can change the schema. Default false. */
  readonly allowOwner?: boolean | undefined;
  /**
   * The programs that copy a server's database. Default: `PG_DUMP` and `PG_RESTORE` of the settings, else those of the
   * server's version in the usual folders, else on the PATH.
   */
  readonly pgDump?: string | undefined;
  readonly pgRestore?: string | undefined;
  /** SQLite's `synchronous`: with `full` every commit survives a power cut, with `normal` the last ones may be lost. Default `full`. */
  readonly durability?: 'full' | 'normal' | undefined;
  /** Called with each statement's text (never its parameters) and duration in milliseconds. */
  readonly onStatement?: ((sql: string, milliseconds: number) => void) | undefined;
}

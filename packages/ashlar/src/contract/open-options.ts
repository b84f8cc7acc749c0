/** How an engine is opened. */
export interface OpenOptions {
  /** Where: `sqlite:PATH` · `sqlcipher:PATH` · `pglite:DIR` · `pglite:memory` · `postgres://…`. */
  readonly url: string;
  /** The key of an encrypted file: a passphrase, or 64 hex digits for a raw key. */
  readonly key?: string | undefined;
  /** Open connections to a server, or readers of a file, at most. Default 10. */
  readonly connections?: number | undefined;
  /** How long to wait for a lock, in milliseconds. Default 5,000. */
  readonly lockTimeout?: number | undefined;
  /** May create the file or folder. Default true. */
  readonly create?: boolean | undefined;
  /** The role that sessions act as, where the user could change the schema and may become it. Default `ashlar_app`. */
  readonly appRole?: string | undefined;
  /** Let sessions act as the user even where that one could change the schema. Default false. */
  readonly allowOwner?: boolean | undefined;
  /**
   * The programs that copy a server's database. Default: `PG_DUMP` and `PG_RESTORE` of the settings, else those of the
   * server's version in the usual folders, else on the PATH.
   */
  readonly pgDump?: string | undefined;
  readonly pgRestore?: string | undefined;
  /** SQLite's `synchronous`: `full` survives a power cut with every commit, `normal` may lose the last ones. Default `full`. */
  readonly durability?: 'full' | 'normal' | undefined;
  /** Told each statement's text (never its parameters) and duration in milliseconds. */
  readonly onStatement?: ((sql: string, milliseconds: number) => void) | undefined;
}

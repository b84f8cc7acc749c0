import type { RunSql } from './sql.js';

/** A connection that may change the schema. */
export interface Owner {
  readonly run: RunSql;
  /** Runs an SQL text that may contain several statements. */
  script(sql: string): Promise<void>;
  /**
   * Runs `work` in one transaction; within another call, in the transaction of that. `lockTimeout` is in milliseconds. `rebuild` allows tables to be
   * replaced by others of the same name: foreign keys are not enforced until all are checked before the commit. `otherProgram`
   * works with the settings of a program that opens the file itself, and not with Ashlar's; a server has its settings elsewhere.
   */
  atomically<T>(
    work: () => Promise<T>,
    options?: { lockTimeout?: number; rebuild?: boolean; otherProgram?: boolean },
  ): Promise<T>;
}

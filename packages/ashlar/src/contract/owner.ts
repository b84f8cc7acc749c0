import type { RunSql } from './sql.js';

/** A connection that may change the schema. */
export interface Owner {
  readonly run: RunSql;
  /** Runs a text of several statements. */
  script(sql: string): Promise<void>;
  /**
   * Runs `work` in one transaction. `lockTimeout` is in milliseconds. `rebuild` lets tables be replaced by others of
   * the same name: foreign keys are not enforced meanwhile, and are all checked before the commit.
   */
  atomically<T>(work: () => Promise<T>, options?: { lockTimeout?: number; rebuild?: boolean }): Promise<T>;
}

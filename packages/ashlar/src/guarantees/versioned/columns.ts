/**
 * The names of the columns that `versioned` uses. `touched`: set by every update, and so when a version stops being
 * current.
 */
export interface VersionedColumns {
  readonly id: string;
  readonly key: readonly string[];
  readonly version: string;
  readonly current: string;
  readonly previous: string;
  readonly touched: readonly string[];
}

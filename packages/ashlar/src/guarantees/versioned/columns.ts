/** The names of the columns of a versioned table. */
export interface VersionedColumns {
  readonly id: string;
  readonly key: readonly string[];
  readonly version: string;
  readonly current: string;
  readonly previous: string;
  readonly touched: readonly string[];
}

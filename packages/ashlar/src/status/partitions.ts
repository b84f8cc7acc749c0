import type { Partition } from '../contract/engine.js';

/** A summary of the partitions of a table. */
export interface PartitionsStatus {
  readonly count: number;
  /** The end of the last partition (ISO 8601); later rows go into the default partition. */
  readonly horizon: string | undefined;
  /** The database's estimate of the number of rows in the default partition. */
  readonly rows_in_default: number;
}

/** Summarises the partitions of a table. */
export function partitionsStatus(partitions: readonly Partition[]): PartitionsStatus {
  const ranges = partitions.filter(({ to }) => to !== undefined);
  return {
    count: ranges.length,
    horizon: ranges
      .flatMap(({ to }) => to ?? [])
      .sort()
      .at(-1),
    rows_in_default: partitions.find(({ from, to }) => from === undefined && to === undefined)?.rows ?? 0,
  };
}

import type { Partition } from '../contract/engine.js';

/** The partitions of a table in short. */
export interface PartitionReport {
  readonly count: number;
  /** The end of the last partition: ISO 8601; later rows go into the default partition. */
  readonly horizon: string | undefined;
  /** Rows in the default partition, as the database estimates them. */
  readonly rows_in_default: number;
}

/** Sums up the partitions of a table. */
export function partitionReport(partitions: readonly Partition[]): PartitionReport {
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

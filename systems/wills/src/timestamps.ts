// timestamps have a fixed width, so their order as text is their order in time

/** Returns the earliest timestamp of a non-empty list. */
export function earliest(timestamps: readonly string[]): string {
  return timestamps.toSorted()[0] ?? '';
}

/** Returns the latest timestamp of a non-empty list. */
export function latest(timestamps: readonly string[]): string {
  return timestamps.toSorted().at(-1) ?? '';
}

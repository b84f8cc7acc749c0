// timestamps are of one width, so their order as text is their order in time

/** The earliest of some timestamps; there must be one. */
export const earliest = (moments: readonly string[]): string => moments.toSorted()[0] ?? '';

/** The latest of some timestamps; there must be one. */
export const latest = (moments: readonly string[]): string => moments.toSorted().at(-1) ?? '';

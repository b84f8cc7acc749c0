/** Clocks of different machines may differ by this much, in milliseconds. */
export const hour = 3_600_000;

/** A transaction may take this long, in milliseconds, before its rows are sealed. */
export const day = 24 * hour;

/** Clocks of different machines may differ by this much while a checkpoint is signed, in milliseconds. */
export const minute = 60_000;

/** If clocks differ by more than this, in milliseconds, what their times show cannot be verified. */
export const hour = 3_600_000;

/**
 * A transaction may take this long, in milliseconds, before its rows are sealed; and times that contradict each other by more than
 * this are no matter of clocks.
 */
export const day = 24 * hour;

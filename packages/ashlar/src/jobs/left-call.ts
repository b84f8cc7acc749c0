/**
 * The error code of a row whose call was left before it ended, and which only an idempotent executor may repeat. The row keeps it
 * until it is executed again.
 */
export const leftCall = 'timed_out';

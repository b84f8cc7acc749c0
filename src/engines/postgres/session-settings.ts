const inTransaction = 60_000;

/** Settings every connection has before anything runs on it: name and value. `lockTimeout` is in milliseconds. */
export const sessionSettings = (
  schema: string,
  lockTimeout: number,
): readonly (readonly [string, string])[] => [
  ['search_path', `"${schema.replaceAll('"', '""')}"`],
  ['TimeZone', 'UTC'],
  ['DateStyle', 'ISO'],
  ['IntervalStyle', 'iso_8601'],
  ['bytea_output', 'hex'],
  ['extra_float_digits', '1'],
  ['standard_conforming_strings', 'on'],
  ['lock_timeout', String(lockTimeout)],
  ['idle_in_transaction_session_timeout', String(inTransaction)],
];

const longestIdle = 60_000;

type Settings = readonly (readonly [name: string, value: string])[];

/** Returns the settings of a connection that determine its search path and the text form of values. */
export function valueSettings(schema: string): Settings {
  return [
    // pg_temp last: otherwise a temporary table would shadow the schema's table
    ['search_path', `"${schema.replaceAll('"', '""')}", pg_temp`],
    ['TimeZone', 'UTC'],
    ['DateStyle', 'ISO'],
    ['IntervalStyle', 'iso_8601'],
    ['bytea_output', 'hex'],
    ['extra_float_digits', '1'],
    ['standard_conforming_strings', 'on'],
  ];
}

/**
 * Returns the timeout settings of a connection, in milliseconds: how long it waits for a lock, and how long a
 * transaction may be idle (60 s).
 */
export function waitSettings(lockTimeout: number): Settings {
  return [
    ['lock_timeout', String(lockTimeout)],
    ['idle_in_transaction_session_timeout', String(longestIdle)],
  ];
}

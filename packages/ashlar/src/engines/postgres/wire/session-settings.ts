const longestIdle = 60_000;

type Settings = readonly (readonly [name: string, value: string])[];

/** Returns the settings that determine the text form of values on a connection, and the search path. */
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
 * Returns the timeouts of a connection in milliseconds: `lock_timeout`, and the time that a transaction may be idle
 * while it holds locks (60 s).
 */
export function waitSettings(lockTimeout: number): Settings {
  return [
    ['lock_timeout', String(lockTimeout)],
    ['idle_in_transaction_session_timeout', String(longestIdle)],
  ];
}

const longestIdle = 60_000;

type Settings = readonly (readonly [name: string, value: string])[];

/** What the text of values depends on, and where names are looked up. */
export function valueSettings(schema: string): Settings {
  return [
    // last of all: else a temporary table would stand before the one that is meant
    ['search_path', `"${schema.replaceAll('"', '""')}", pg_temp`],
    ['TimeZone', 'UTC'],
    ['DateStyle', 'ISO'],
    ['IntervalStyle', 'iso_8601'],
    ['bytea_output', 'hex'],
    ['extra_float_digits', '1'],
    ['standard_conforming_strings', 'on'],
  ];
}

/** How long a server's connection waits for a lock (milliseconds), and how long others wait for one that sleeps. */
export function waitSettings(lockTimeout: number): Settings {
  return [
    ['lock_timeout', String(lockTimeout)],
    ['idle_in_transaction_session_timeout', String(longestIdle)],
  ];
}

const longestIdle = 60_000;

type Settings = readonly (readonly [name: string, value: string])[];

/**
 * Returns the settings of a connection that determine its search path and the text form of values.
 *
 * @param schemas - the schema of the database's objects, and after it that of the tables that a guard is on
 */
export function valueSettings(schemas: readonly string[]): Settings {
  const quoted = schemas.map((schema) => `"${schema.replaceAll('"', '""')}"`);
  return [
    // pg_temp last: otherwise a temporary table would shadow the schema's table
    ['search_path', [...quoted, 'pg_temp'].join(', ')],
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

/**
 * The settings of Ashlar's functions. Behind a pooler another client may have left values in them; the context of a
 * session is set after they are emptied.
 */
export const contextSettings: readonly string[] = [
  'ashlar.actor',
  'ashlar.scope',
  'ashlar.token',
  'ashlar.now',
  'ashlar.purging',
];

/**
 * Further settings that every user may change, and that change what a statement means, which rows it finds, when it is
 * ended, or what its COMMIT promises. The server, the database or the role determine their values.
 */
export const meaningfulSettings: readonly string[] = [
  'array_nulls',
  'default_text_search_config',
  'exit_on_error',
  'gin_fuzzy_search_limit',
  'lc_monetary',
  'lc_numeric',
  'lc_time',
  'quote_all_identifiers',
  'row_security',
  'statement_timeout',
  'synchronous_commit',
  'timezone_abbreviations',
  'transaction_timeout',
  'transform_null_equals',
  'xmlbinary',
  'xmloption',
];

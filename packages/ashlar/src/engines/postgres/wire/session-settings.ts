const longestIdle = 60_000;

/** Names and values of settings. */
export type Settings = readonly (readonly [name: string, value: string])[];

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
    ['DateStyle', 'ISO, MDY'],
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

/** Settings that every user may change, that change what a statement means or which rows it finds, and that have one right value. */
export const fixedSettings: Settings = [
  ['array_nulls', 'on'],
  ['exit_on_error', 'off'],
  ['gin_fuzzy_search_limit', '0'],
  ['quote_all_identifiers', 'off'],
  ['row_security', 'on'],
  ['timezone_abbreviations', 'Default'],
  ['transform_null_equals', 'off'],
  ['xmlbinary', 'base64'],
  ['xmloption', 'content'],
];

/**
 * Settings of the same kind, or of what a COMMIT promises, whose value the server and the database determine: never the role, which
 * may give itself another.
 */
export const settingsOfDatabase: readonly string[] = [
  'default_text_search_config',
  'lc_monetary',
  'lc_numeric',
  'lc_time',
  'synchronous_commit',
];

/** Settings that end a statement or a transaction, whose value the server, the database or the role determines. */
export const limitSettings: readonly string[] = ['statement_timeout', 'transaction_timeout'];

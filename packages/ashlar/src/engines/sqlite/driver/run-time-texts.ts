/**
 * The texts with which SQLite and its driver report that a statement failed while it ran, as far as they never have a value.
 * Others may: a function puts its arguments into its message, which may be values of rows that no result would have shown.
 */
const fixed: ReadonlySet<string> = new Set([
  ...['integer overflow', 'datatype mismatch', 'string or blob too big', 'out of memory', 'interrupted'],
  ...['malformed JSON', 'JSON nested too deep', 'JSON cannot hold BLOB values', 'bad JSON path'],
  ...['json_object() requires an even number of arguments', 'json_object() labels must be TEXT'],
  ...['LIKE or GLOB pattern too complex', 'ESCAPE expression must be a single character'],
  ...['invalid Unicode escape', 'local time unavailable', 'too many levels of trigger recursion'],
  ...['constraint failed', 'database is locked', 'database table is locked', 'fts5: syntax error'],
  ...[
    'frame starting offset must be a non-negative integer',
    'frame ending offset must be a non-negative integer',
  ],
  ...[
    'frame starting offset must be a non-negative number',
    'frame ending offset must be a non-negative number',
  ],
  ...[
    'second argument to nth_value must be a positive integer',
    'argument of ntile must be a positive integer',
  ],
  ...['Too few parameter values were provided', 'Too many parameter values were provided'],
  ...['SQLite3 can only bind numbers, strings, bigints, buffers, and null'],
  ...['This database connection is busy executing a query', 'The database connection is not open'],
]);

// it names a function only
const misused = /^unable to use function \w+ in the requested context$/;

const beginnings = ['bad JSON path', 'fts5: syntax error'];

/** Returns a text of a statement that failed while it ran, without what may be a value; `undefined` if all of it may be. */
export function withoutValues(text: string): string | undefined {
  return fixed.has(text) || misused.test(text)
    ? text
    : beginnings.find((beginning) => text.startsWith(beginning));
}

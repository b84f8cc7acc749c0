import { AshlarError } from '../errors.js';

// PostgreSQL truncates longer names silently (NAMEDATALEN is 64)
const longestName = 63;

// reserved in PostgreSQL 18 or in SQLite 3.53, as a table or column name
const reserved = new Set(
  `abort add after all alter always analyse analyze and any array as asc asymmetric attach authorization autoincrement
  between binary both by case cast check collate collation column commit concurrently constraint create cross
  current_catalog current_date current_role current_schema current_time current_timestamp current_user default deferrable
  deferred delete desc distinct do drop else end escape except exists false fetch for foreign freeze from full grant group
  having if ilike in index initially inner insert intersect into is isnull join lateral leading left like limit localtime
  localtimestamp natural not notnull null nothing offset on only or order outer over overlaps placing primary raise
  references returning right select session_user set similar some symmetric system_user table tablesample then to trailing
  transaction true union unique update user using values variadic verbose view when where window with`
    .split(/\s+/)
    .filter(Boolean),
);

/** Returns a name as an SQL identifier, quoted only if necessary. */
export function identifier(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !reserved.has(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** Returns names as SQL identifiers, separated by commas. */
export function identifiers(names: readonly string[]): string {
  return names.map(identifier).join(', ');
}

/** Returns two index expressions for a column; a unique index over them treats NULLs as equal. */
export function nullsAlike(expression: string): readonly string[] {
  return [`coalesce(${expression}, '')`, `${expression} IS NULL`];
}

/** Returns a text as an SQL string literal. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Returns whether a name is reserved for Ashlar's own tables, functions and hidden columns. */
export function isOwn(name: string): boolean {
  return name.startsWith('ashlar_');
}

/**
 * Throws if an engine would change or truncate the name of a table, column or constraint, or if the name is reserved.
 *
 * @throws AshlarError `table-invalid`
 */
export function assertName(what: string, name: string): void {
  if (!/^[a-z][a-z0-9_]*$/.test(name) || /^(sqlite|pg)_/.test(name) || isOwn(name)) {
    throw new AshlarError('table-invalid', {
      message: `${what} cannot be named "${name}".`,
      detail:
        'Names are lower case letters, digits and underscores, starting with a letter, and not sqlite_…, pg_… or ashlar_….',
      suggestion: 'Choose a snake_case name.',
    });
  }
  if (name.length > longestName) {
    throw new AshlarError('table-invalid', {
      message: `${what} has a name of ${name.length} characters: "${name}".`,
      detail: `PostgreSQL truncates names after ${longestName} characters without an error.`,
      suggestion: 'Give it a shorter name (constraints and indexes take { name }).',
    });
  }
}

// a name that every object of JavaScript has already
const ofObjects = new Set(Object.getOwnPropertyNames(Object.prototype));
// https://www.postgresql.org/docs/18/ddl-system-columns.html and https://www.sqlite.org/lang_createtable.html#rowid
const ofEngines: ReadonlyMap<string, string> = new Map([
  ...['ctid', 'tableoid', 'xmin', 'xmax', 'cmin', 'cmax'].map((name) => [name, 'PostgreSQL'] as const),
  ...['rowid', '_rowid_', 'oid'].map((name) => [name, 'SQLite'] as const),
]);

/**
 * Throws if a table cannot have a column with this name, because JavaScript or an engine reserves it in every table.
 *
 * @throws AshlarError `table-invalid`
 */
export function assertColumnName(table: string, name: string): void {
  const owner = ofObjects.has(name) ? 'JavaScript' : ofEngines.get(name);
  if (owner !== undefined) {
    throw new AshlarError('table-invalid', {
      message: `A column of ${table} cannot be named "${name}".`,
      detail:
        owner === 'JavaScript'
          ? 'Every object of JavaScript has a property with this name, so a row without the column would seem to have it.'
          : `${owner} reserves the name in every table.`,
      suggestion: `Choose another name, such as ${name.replaceAll('_', '')}_value.`,
    });
  }
  assertName(`A column of ${table}`, name);
}

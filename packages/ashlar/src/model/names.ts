import type { TableFacts } from '../contract/table.js';
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

/** Returns a name as an SQL identifier in quotes, whether or not it needs them. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Returns a name as an SQL identifier, quoted only if necessary. */
export function identifier(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !reserved.has(name) ? name : quoted(name);
}

/** Returns names as SQL identifiers, separated by commas. */
export function identifiers(names: readonly string[]): string {
  return names.map(identifier).join(', ');
}

/**
 * Returns the name of a table as function bodies write it: that of another tool's table with its schema, which the functions of a
 * guard do not search.
 *
 * @param name - another table of the same schema. Default: the table's own
 */
export function referenceTo(
  { external, place, ...table }: Pick<TableFacts, 'name' | 'external' | 'place'>,
  name: string = table.name,
): string {
  return external && place ? `${identifier(place.schema)}.${identifier(name)}` : identifier(name);
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

/** Returns a name as the engines compare names without quotes: A–Z as a–z. */
export function foldedName(name: string): string {
  return name.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

const isReserved = (name: string): boolean => /^(sqlite|pg|ashlar)_/.test(foldedName(name));

/**
 * Throws if an engine would change or truncate the name of a table or view, or if the name is reserved.
 *
 * @throws AshlarError `table-invalid`
 */
export function assertName(what: string, name: string): void {
  if (!/^[a-z][a-z0-9_]*$/.test(name) || isReserved(name)) {
    throw new AshlarError('table-invalid', {
      message: `${what} cannot be named "${name}".`,
      detail:
        'Names are lower case letters, digits and underscores, starting with a letter, and not sqlite_…, pg_… or ashlar_….',
      suggestion: 'Choose a snake_case name.',
    });
  }
  assertLength(what, name);
}

/**
 * Throws if a table cannot have this name: a name of other programs may have capitals (`Album`, `_CategoryToPost`).
 *
 * @throws AshlarError `table-invalid`
 */
export function assertTableName(name: string): void {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || isReserved(name)) {
    throw new AshlarError('table-invalid', {
      message: `A table cannot be named "${name}".`,
      detail:
        'Names of tables have letters of A–Z in either case, digits and underscores, do not begin with a digit, and are not sqlite_…, pg_… or ashlar_….',
      suggestion: 'Choose a snake_case name.',
    });
  }
  assertLength('A table', name);
}

/**
 * Throws if a column, constraint or index cannot have this name in the database.
 *
 * @throws AshlarError `table-invalid`
 */
export function assertQuotedName(what: string, name: string): void {
  if (!/^[A-Za-z_][A-Za-z0-9_-]*( +[A-Za-z0-9_-]+)*$/.test(name) || isReserved(name)) {
    throw new AshlarError('table-invalid', {
      message: `${what} cannot be named "${name}" in the database.`,
      detail:
        'Names there have letters of A–Z in either case, digits, _, -, and spaces between words, begin with a letter or _, and are not sqlite_…, pg_… or ashlar_….',
      suggestion: "Choose another name: column(type, { name: 'Artist Id' }).",
    });
  }
  assertLength(what, name);
}

const assertLength = (what: string, name: string): void => {
  if (name.length > longestName) {
    throw new AshlarError('table-invalid', {
      message: `${what} has a name of ${name.length} characters: "${name}".`,
      detail: `PostgreSQL truncates names after ${longestName} characters without an error.`,
      suggestion: 'Give it a shorter name (constraints and indexes take { name }).',
    });
  }
};

// a name that every object of JavaScript has already
const ofObjects = new Set(Object.getOwnPropertyNames(Object.prototype));
// https://www.postgresql.org/docs/18/ddl-system-columns.html and https://www.sqlite.org/lang_createtable.html#rowid
const ofEngines: ReadonlyMap<string, string> = new Map([
  ...['ctid', 'tableoid', 'xmin', 'xmax', 'cmin', 'cmax'].map((name) => [name, 'PostgreSQL'] as const),
  ...['rowid', '_rowid_', 'oid'].map((name) => [name, 'SQLite'] as const),
]);

/**
 * Throws if a table cannot have a column with this name in the database, because it has other characters, or because
 * JavaScript or an engine reserves it in every table.
 *
 * @throws AshlarError `table-invalid`
 */
export function assertColumnName(table: string, name: string): void {
  assertUnreserved(table, name);
  assertQuotedName(`A column of ${table}`, name);
}

/**
 * Throws if a column cannot have this name in TypeScript.
 *
 * @throws AshlarError `table-invalid`
 */
export function assertProperty(table: string, property: string): void {
  assertUnreserved(table, property);
  // the builder reads `a as b`, `a.b` and `a->b` as more than a name
  if (!/^[A-Za-z_$][A-Za-z0-9_$]*$/.test(property) || isReserved(property)) {
    throw new AshlarError('table-invalid', {
      message: `A column of ${table} cannot be named "${property}".`,
      detail:
        'Columns are named in TypeScript by letters of A–Z in either case, digits, _ and $, and not sqlite_…, pg_… or ashlar_….',
      suggestion: `Declare the name of the database apart: ${camelName(property)}: column(type, { name: '…' }).`,
    });
  }
  assertLength(`A column of ${table}`, property);
}

const camelName = (text: string): string =>
  text.replaceAll(/[^A-Za-z0-9]+(.?)/g, (_, next: string) => next.toUpperCase()).replace(/^\d*/, '') ||
  'value';

const assertUnreserved = (table: string, name: string): void => {
  // a row has neither name as its own property: names of the database are keys of JSON in trails
  const owner = ofObjects.has(name) ? 'JavaScript' : ofEngines.get(foldedName(name));
  if (owner === undefined) return;
  throw new AshlarError('table-invalid', {
    message: `A column of ${table} cannot be named "${name}".`,
    detail:
      owner === 'JavaScript'
        ? 'Every object of JavaScript has a property with this name, so a row without the column would seem to have it.'
        : `${owner} reserves the name in every table.`,
    suggestion: `Choose another name, such as ${name.replaceAll('_', '')}_value.`,
  });
};

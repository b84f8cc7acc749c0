/** What SQLite says of a violated foreign key; it reports no name. */
export const foreignKeyFailed = 'FOREIGN KEY constraint failed';

/** What a trigger says that names a violated foreign key: the row refers to none, or is still referred to. */
export function foreignKeyText(constraint: string, how: 'missing' | 'referenced'): string {
  return `${foreignKeyFailed}: ${how === 'missing' ? '' : 'referenced by '}${constraint}`;
}

/** What a trigger says that names a violated unique key; SQLite itself reports the columns. */
export function uniqueKeyText(table: string, key: string): string {
  return `UNIQUE constraint failed: key ${table}.${key}`;
}

/** What a trigger says of a required column without a value, in SQLite's own words. */
export function notNullText(table: string, column: string): string {
  return `NOT NULL constraint failed: ${table}.${column}`;
}

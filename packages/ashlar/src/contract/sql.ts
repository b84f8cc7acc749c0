/** The SQL dialect of an engine. */
export type SqlName = 'sqlite' | 'postgres';

/** An SQL expression or condition in each dialect. */
export type SqlTexts = Readonly<Record<SqlName, string>>;

/** A value or a promise of the value: SQLite returns values at once, a server returns promises. Always `await` it. */
export type Awaitable<T> = T | Promise<T>;

/** Runs one statement and returns its rows; a value that has no plain JavaScript form is returned as text. */
export type RunSql = (
  sql: string,
  parameters?: readonly unknown[],
) => Promise<readonly Record<string, unknown>[]>;

/** Runs one statement synchronously, in the open transaction, and returns its rows. Only SQLite can. */
export type RunNow = (sql: string, parameters?: readonly unknown[]) => readonly Record<string, unknown>[];

/** A row in SQL form, as a map: column name → SQL literal. */
export type SqlRow = Readonly<Record<string, string>>;

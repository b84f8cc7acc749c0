/** The kinds of SQL an engine speaks. */
export type SqlName = 'sqlite' | 'postgres';

/** A value, or a promise of it: SQLite answers at once, a server later. Always `await` it. */
export type Awaitable<T> = T | Promise<T>;

/** Runs one statement and returns its rows; a value without a plainer JavaScript form is text. */
export type RunSql = (
  sql: string,
  parameters?: readonly unknown[],
) => Promise<readonly Record<string, unknown>[]>;

/** Runs one statement synchronously, in the open transaction. Only SQLite can. */
export type RunNow = (sql: string, parameters?: readonly unknown[]) => readonly Record<string, unknown>[];

/** A row as SQL: column → literal. */
export type SqlRow = Readonly<Record<string, string>>;

/** A statement that has ended. It has no parameter and no value of a row, except those that its own text has. */
export interface StatementEvent {
  /** The text of the statement. */
  readonly sql: string;
  /** Its verb in upper case: `SELECT`, `INSERT`, `COMMIT`. `''` if it has none. */
  readonly operation: string;
  /** The table that it reads first or writes to, as written in its text without quotes; `undefined` if it has none. */
  readonly table: string | undefined;
  /** How long it ran, in milliseconds. */
  readonly milliseconds: number;
  /** The number of rows that it returned. */
  readonly returned: number;
  /** The number of rows that it changed. */
  readonly changed: number;
  /** The code of the error with which it failed; `undefined` if it succeeded. */
  readonly error: string | undefined;
}

/** Called after each statement. It runs while the statement's caller waits, so it must be quick. */
export type OnStatement = (statement: StatementEvent) => void;

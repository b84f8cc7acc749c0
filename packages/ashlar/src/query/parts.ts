import type { QueryAnswers } from '../contract/answers.js';
import type { Column, ValueForm } from '../contract/column.js';
import type { Relation } from './scope.js';

/** What rewriting queries needs to know about the tables and the engine. */
export interface QueryParts {
  /** The declared tables, by name. */
  readonly declared: ReadonlyMap<string, Relation>;
  readonly answers: QueryAnswers;
  /** Whether a declared table has a decimal column. */
  readonly hasDecimals: boolean;
  /** Returns a stored value as a parameter of the engine. */
  encode(form: ValueForm, value: unknown): unknown;
  /** Returns an SQL expression for the current time, in the form of a timestamp column. */
  now(precision: 3 | 6): string;
  /** Returns the current time, if `connect` was given a clock. */
  readonly clock: (() => Date) | undefined;
  /** The guarantee that leaves the column of a new row to the database's clock, if this process has to keep it. */
  clockKeeper(column: Column): string | undefined;
}

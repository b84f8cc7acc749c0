import type { Column } from '../contract/column.js';
import { AshlarError } from '../errors.js';
import {
  assertTable,
  clockValue,
  clockWithheld,
  databaseClocks,
  fillGenerated,
  isFilledByClock,
  propertiesOf,
  refusedValue,
  rowProblems,
  type Table,
} from '../model/index.js';
import type { SessionParts } from './parts.js';
import { validate } from './validate.js';

type Values = Record<string, unknown>;

const stamp = (
  clock: () => Date,
  table: Table,
  values: Values,
  wanted: (column: Column) => boolean,
): void => {
  const now = clock();
  for (const column of Object.values(table.columns)) {
    if (wanted(column) && values[column.property] === undefined)
      values[column.property] = clockValue(column, now);
  }
};

/**
 * Returns the validated values to insert for a row, in the application's form, including defaults, generated values
 * and, if a clock was given, generated times.
 *
 * @throws AshlarError `value-invalid`, `value-unstorable`; `usage` for a value that is no table; `guarantee-violated` for a
 *   time that only the database's clock may set
 */
export function insertValues(
  { clock, stampsFromClock, keepsClocks }: SessionParts,
  table: Table,
  row: unknown,
): Values {
  assertTable(table);
  const values = validate(table, 'insert', row);
  if (keepsClocks) {
    for (const [name, guarantee] of databaseClocks(table)) {
      const [property = name] = propertiesOf(table, [name]);
      if (values[property] !== undefined) throw clockWithheld({ table: table.name, property }, guarantee);
    }
  }
  fillGenerated(table, values);
  assertRow(table, values);
  if (stampsFromClock) stamp(clock, table, values, isFilledByClock);
  return values;
}

/**
 * Returns the validated values that an update sets, including, if a clock was given, the columns that every update sets
 * to the current time.
 *
 * @throws AshlarError `value-invalid`, `value-unstorable`; `usage` when no column is given, and for a value that is no
 *   table
 */
export function updateValues(
  { clock, stampsFromClock }: SessionParts,
  table: Table,
  update: unknown,
): Values {
  assertTable(table);
  const values = validate(table, 'update', update);
  if (Object.values(values).every((value) => value === undefined)) {
    throw new AshlarError('usage', {
      message: `The update of ${table.name} sets no column.`,
      suggestion: 'Give at least one column.',
    });
  }
  if (stampsFromClock) stamp(clock, table, values, (column) => column.touched);
  return values;
}

const assertRow = (table: Table, row: unknown): void => {
  const problems = rowProblems(table, row);
  if (problems.length > 0) throw refusedValue(table, problems, { schema: table.row, given: row });
};

/**
 * Runs the checks of whole rows that a table declares with `checkRow`, on a row that an update has written.
 *
 * @param fail - aborts the session, which cannot go on with a row that breaks a check
 * @returns the row
 * @throws AshlarError `value-invalid`
 */
export function checkedRow<R>(table: Table, row: R, fail: (error: unknown) => void): R {
  try {
    assertRow(table, row);
    return row;
  } catch (error) {
    fail(error);
    throw error;
  }
}

/** Returns the error `row-not-found`, for a primary key with no row, or with a row outside the session's scope. */
export function notFound(table: Table): AshlarError {
  return new AshlarError('row-not-found', {
    message: `${table.name} has no row with this key.`,
    suggestion: 'Check the key and, for a scoped table, the scope of the session.',
    facts: { table: table.name },
  });
}

/** Returns whether a value has a `then` method, as promises do. */
export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function';
}

import type { Column } from '../contract/column.js';
import { AshlarError } from '../errors.js';
import type { Table } from '../model/index.js';
import type { SessionParts } from './parts.js';
import { validate } from './validate.js';

type Values = Record<string, unknown>;

const stamp = (
  clock: () => Date,
  table: Table,
  values: Values,
  wanted: (column: Column) => boolean,
): void => {
  const now = clock().toISOString();
  for (const column of Object.values(table.columns)) {
    if (wanted(column) && values[column.name] === undefined) {
      values[column.name] = column.precision === 3 ? now : now.replace('Z', '000Z');
    }
  }
};

/**
 * What is written for a row to insert: validated, with defaults, UUIDs and, where this process makes them, times.
 *
 * @throws AshlarError `value-invalid`, `value-unstorable`
 */
export function insertValues({ clock, stampHere }: SessionParts, table: Table, row: unknown): Values {
  const values = validate(table.name, table.insert, row) as Values;
  if (stampHere) stamp(clock, table, values, (column) => column.generated === 'now');
  return values;
}

/**
 * What is written for a patch.
 *
 * @throws AshlarError `value-invalid`, `value-unstorable`; `usage` when it is empty
 */
export function updateValues({ clock, stampHere }: SessionParts, table: Table, update: unknown): Values {
  const values = validate(table.name, table.update, update) as Values;
  if (Object.values(values).every((value) => value === undefined)) {
    throw new AshlarError('usage', {
      message: `The patch of ${table.name} is empty.`,
      suggestion: 'Give at least one column.',
    });
  }
  if (stampHere) stamp(clock, table, values, (column) => column.touched);
  return values;
}

export function notFound(table: Table): AshlarError {
  return new AshlarError('row-not-found', {
    message: `${table.name} has no row with that key.`,
    suggestion: 'Check the key; in a scoped session, check whose row it is.',
  });
}

export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function';
}

import type { ColumnKind } from '../contract/column.js';
import { AshlarError } from '../errors.js';
import { numbers } from './computed.js';
import { noArrayOrder } from './json-comparisons.js';

const ofNumbers: ReadonlySet<string> = new Set([
  ...['sum', 'avg', 'abs', 'round', 'ceil', 'ceiling', 'floor', 'sign'],
]);

/**
 * Refuses an aggregate or a function of a kind whose answer engines do not agree on.
 *
 * @param name - the name of the function, in lower case
 * @throws AshlarError `usage`
 */
export function refuseArgument(name: string, kind: ColumnKind): void {
  if (kind === 'json' && (name === 'min' || name === 'max')) throw noExtreme(name);
  if (kind === 'array' && (name === 'min' || name === 'max')) throw noArrayOrder(name);
  if (kind === 'bigint' && name === 'avg') throw noAverage();
  if (!numbers.has(kind) && ofNumbers.has(name)) throw noNumber(name, kind);
}

/** Returns the error for the least or the greatest of JSON. */
export const noExtreme = (name: string): AshlarError =>
  new AshlarError('usage', {
    message: `${name} of JSON has no meaning that engines agree on.`,
    suggestion: 'Take a part of the JSON that is a number or text, or keep it in a column of its own.',
  });

const noAverage = (): AshlarError =>
  new AshlarError('usage', {
    message: 'avg of integers beyond 2^53 has no number that engines agree on.',
    suggestion: 'Select sum and count, and divide them in the program.',
  });

const noNumber = (name: string, kind: string): AshlarError =>
  new AshlarError('usage', {
    message: `${name} takes numbers, and its argument is of the kind ${kind}.`,
    suggestion:
      'To count rows, use count with filterWhere(…); text becomes a number by eb.cast(column, "double precision").',
  });

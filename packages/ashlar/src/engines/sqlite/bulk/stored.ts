import type { BulkColumn, BulkValue } from '../../../contract/bulk.js';
import type { ColumnKind } from '../../../contract/column.js';
import { scaledDecimal } from '../../../model/decimal.js';
import { exactJsonText } from '../../exact-json.js';

type Store = (value: string | number) => unknown;

const whole: Store = (value) => BigInt(value);
const asItIs: Store = (value) => value;

const stores: Readonly<Record<ColumnKind, Store>> = {
  text: asItIs,
  integer: whole,
  bigint: whole,
  decimal: (value) => scaledDecimal(value as string),
  real: asItIs,
  boolean: whole,
  uuid: asItIs,
  timestamp: asItIs,
  date: asItIs,
  inet: asItIs,
  json: asItIs,
  // in the one form that the table's CHECK allows
  array: (value) => exactJsonText(value as string),
  bytes: (value) => Buffer.from(value as string, 'hex'),
};

/** Returns the function that converts a value of a column to what the driver binds. */
export function storedValue({ kind }: BulkColumn): (value: BulkValue) => unknown {
  const store = stores[kind];
  return (value) => (value === null ? null : store(value));
}

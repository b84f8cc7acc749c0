import { z } from 'zod';
import type { Column, ColumnKind } from '../contract/column.js';
import { AshlarError } from '../errors.js';
import { isCanonicalAddress } from '../model/index.js';

const isUuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const times = { 3: z.iso.datetime({ precision: 3 }), 6: z.iso.datetime({ precision: 6 }) } as const;
const date = z.iso.date();

type Holds = (value: never, column: Column) => boolean;

const isText = (value: string): boolean => !value.includes('\0') && value.isWellFormed();

// year 0 has the form of a time, but PostgreSQL has no such year
const hasYear = (value: string): boolean => !value.startsWith('0000');

// a column with bounds may have a type of 32 bits
const isInteger = (value: number, { rules: { minimum, maximum } }: Column): boolean =>
  Number.isSafeInteger(value) &&
  (minimum === undefined || maximum === undefined || (value >= minimum && value <= maximum));

interface Kind {
  readonly type: 'string' | 'number' | 'boolean' | 'bytes';
  readonly holds?: Holds;
}

const kinds: Readonly<Record<Exclude<ColumnKind, 'json'>, Kind>> = {
  text: { type: 'string', holds: isText },
  integer: { type: 'number', holds: isInteger },
  real: { type: 'number', holds: Number.isFinite as Holds },
  boolean: { type: 'boolean' },
  uuid: { type: 'string', holds: (value: string) => isUuid.test(value) },
  timestamp: {
    type: 'string',
    holds: (value: string, { precision }) => times[precision].safeParse(value).success && hasYear(value),
  },
  date: { type: 'string', holds: (value: string) => date.safeParse(value).success && hasYear(value) },
  inet: { type: 'string', holds: isCanonicalAddress },
  bytes: { type: 'bytes' },
};

const typeOf = (value: unknown): string => (value instanceof Uint8Array ? 'bytes' : typeof value);

/**
 * Returns whether the column's type in the database can hold a value. A value that it cannot hold is the value of no
 * row, and PostgreSQL would refuse a statement that compares with it.
 *
 * @throws AshlarError `value-invalid` for a value of another JavaScript type than the column's
 */
export function holdable(column: Column, value: unknown): boolean {
  if (column.kind === 'json') return true;
  const { type, holds } = kinds[column.kind];
  if (typeOf(value) !== type) {
    throw new AshlarError('value-invalid', {
      message: `${column.table}.${column.name} is compared with a value of another type: ${typeOf(value)} instead of ${type}.`,
      suggestion: 'Pass a value of the column’s type.',
      facts: { table: column.table, columns: [column.name] },
    });
  }
  return holds?.(value as never, column) ?? true;
}

import type { ColumnKind } from '../../../contract/column.js';

/** The type of a parameter that holds a value of a kind. */
export const parameterTypes = {
  text: 'text',
  integer: 'bigint',
  // another name of the same type, by which a cast tells the two kinds
  bigint: 'int8',
  decimal: 'numeric',
  real: 'double precision',
  boolean: 'boolean',
  uuid: 'uuid',
  timestamp: 'timestamptz',
  date: 'date',
  inet: 'inet',
  json: 'jsonb',
  bytes: 'bytea',
} as const satisfies Readonly<Record<ColumnKind, string>>;

import type { TypedValue } from '../../../contract/answers.js';
import type { ColumnKind } from '../../../contract/column.js';
import { elementType } from '../schema/column-sql.js';

const types = {
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
} as const satisfies Readonly<Record<Exclude<ColumnKind, 'array'>, string>>;

/** Returns the type of a parameter that holds a value of a kind. */
export function parameterType({ kind, element }: TypedValue): string {
  if (kind !== 'array') return types[kind];
  return element ? `${elementType(element)}[]` : 'text';
}

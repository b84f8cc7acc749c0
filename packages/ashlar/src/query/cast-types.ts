import type { ColumnKind } from '../contract/column.js';
import { computed } from './computed.js';
import type { Meaning } from './scope.js';

/** A type of a cast: the form of its values, and the name that every engine understands. */
interface CastType {
  readonly kind: ColumnKind;
  readonly precision?: 3 | 6;
  readonly type?: 'double precision' | 'bigint';
}

const double: CastType = { kind: 'real', type: 'double precision' };

/** The types that mean the same on every engine; `real` has half the digits on PostgreSQL, so it becomes a double. */
const types: Readonly<Record<string, CastType>> = {
  text: { kind: 'text' },
  varchar: { kind: 'text' },
  // the bounds of 32 bits are PostgreSQL's alone
  integer: { kind: 'integer', type: 'bigint' },
  bigint: { kind: 'integer' },
  int8: { kind: 'bigint' },
  'double precision': double,
  real: double,
  float8: double,
  boolean: { kind: 'boolean' },
  uuid: { kind: 'uuid' },
  date: { kind: 'date' },
  timestamptz: { kind: 'timestamp', precision: 6 },
  'timestamptz(3)': { kind: 'timestamp', precision: 3 },
  'timestamptz(6)': { kind: 'timestamp', precision: 6 },
  json: { kind: 'json' },
  jsonb: { kind: 'json' },
  bytea: { kind: 'bytes' },
};

/** Returns what a type of a cast means; `undefined` for one that engines do not share. */
export function castType(name: string | undefined): CastType | undefined {
  return Object.hasOwn(types, name ?? '') ? types[name ?? ''] : undefined;
}

/** Returns the meaning of a cast. */
export function castMeaning({ dataType }: { dataType: { dataType?: string } }): Meaning | undefined {
  const to = castType(dataType.dataType);
  return to && { ...computed(to.kind), precision: to.precision };
}

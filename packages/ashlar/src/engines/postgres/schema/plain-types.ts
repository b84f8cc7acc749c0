import type { DeclaredType } from '../../../contract/adoption.js';

/** The types of PostgreSQL that a declaration has too. */
export const plainTypes: Readonly<Record<string, DeclaredType>> = {
  text: { as: 'text' },
  'character varying': { as: 'text' },
  smallint: { as: 'integer', minimum: -32768, maximum: 32767 },
  integer: { as: 'integer', minimum: -2147483648, maximum: 2147483647 },
  bigint: { as: 'bigint' },
  real: { as: 'real' },
  'double precision': { as: 'real' },
  boolean: { as: 'boolean' },
  uuid: { as: 'uuid' },
  timestamptz: { as: 'timestamp', precision: 6 },
  'timestamptz(3)': { as: 'timestamp', precision: 3 },
  'timestamptz(6)': { as: 'timestamp', precision: 6 },
  date: { as: 'date' },
  json: { as: 'json' },
  jsonb: { as: 'json' },
  bytea: { as: 'bytes' },
  inet: { as: 'inet' },
};

/** The type of the elements of an array, if a declaration has such arrays; `undefined` for every other type. */
export function elementOf(type: string): DeclaredType | undefined {
  const [, of] = /^(.*)\[\]$/.exec(type) ?? [];
  const [, length] = /^character varying\((\d+)\)$/.exec(of ?? '') ?? [];
  if (length !== undefined) return { as: 'text', maxLength: Number(length) };
  const found = of === undefined ? undefined : plainTypes[of];
  // a JSON array has numbers, so of wider integers no element is declared
  if (found?.as === 'bigint') return { as: 'integer' };
  return found && ['text', 'uuid', 'integer', 'boolean', 'date', 'timestamp'].includes(found.as)
    ? found
    : undefined;
}

import type { DeclaredType } from '../../../contract/adoption.js';
import type { Schema, SchemaColumn } from '../../../contract/schema.js';
import { enumOf } from './adopt.js';
import { plainTypes } from './plain-types.js';

/** Returns how a column of another tool's table is declared: by the kind that has exactly its values, else by its own type. */
export function externalType(schema: Schema, { type }: SchemaColumn): DeclaredType {
  const [, total, scale] = /^numeric\((\d+),(\d+)\)$/.exec(type) ?? [];
  if (total !== undefined && Number(scale) <= Number(total))
    return { as: 'decimal', total: Number(total), scale: Number(scale) };
  const [, digits] = /^timestamptz\((\d)\)$/.exec(type) ?? [];
  if (digits !== undefined) return { as: 'timestamp', precision: Number(digits) <= 3 ? 3 : 6 };
  const known = plainTypes[type];
  // the collation of a text is the tool's
  if (known && known.as !== 'text') return known;
  const listed = enumOf(schema, type);
  return { as: 'native', type, ...(listed?.as === 'enum' ? { values: listed.values } : {}) };
}

import type { z } from 'zod';
import { AshlarError } from '../errors.js';
import { type Definition, definitionOf, unsupportedType } from './zod-definition.js';

const scalars: ReadonlySet<string> = new Set([
  'string',
  'number',
  'boolean',
  'null',
  'enum',
  'literal',
  'template_literal',
  'unknown',
]);

/**
 * Throws if a Zod type, or a part of it, allows values that JSON cannot represent.
 *
 * @param where - the column in messages: `table.column`
 * @throws AshlarError `column-type-unsupported`
 */
export function assertJson(where: string, schema: z.core.$ZodType): void {
  const seen = new Set<z.core.$ZodType>();
  const visit = (part: z.core.$ZodType): void => {
    if (seen.has(part)) return;
    seen.add(part);
    const def = definitionOf(part);
    if (!scalars.has(def.type)) for (const inner of partsOf(where, def)) visit(inner);
  };
  visit(schema);
}

/** Returns whether JSON can represent every value of a Zod type, so that it can be the type of `json(…)`. */
export function isJson(where: string, schema: z.core.$ZodType): boolean {
  try {
    assertJson(where, schema);
    return true;
  } catch (error) {
    if (error instanceof AshlarError) return false;
    throw error;
  }
}

const partsOf = (where: string, def: Definition): readonly z.core.$ZodType[] => {
  switch (def.type) {
    case 'lazy':
      return [def.getter()];
    case 'object': {
      const parts = Object.values(def.shape);
      // z.strictObject() has z.never() for other keys
      const { catchall } = def;
      return catchall && definitionOf(catchall).type !== 'never' ? [...parts, catchall] : parts;
    }
    case 'array':
      return [def.element];
    case 'record':
      return [def.valueType];
    case 'tuple':
      return def.rest ? [...def.items, def.rest] : def.items;
    case 'union':
      return def.options;
    case 'intersection':
      return [def.left, def.right];
    case 'nullable':
    case 'optional':
    case 'default':
    case 'readonly':
      return [def.innerType];
    default:
      throw unsupportedType(
        where,
        `z.${def.type}() inside JSON`,
        'Inside JSON use strings, numbers, booleans, arrays and objects.',
      );
  }
};

import { z } from 'zod';
import { type ColumnHint, columnHints } from './column-types.js';
import { type Definition, definitionOf, unsupportedType } from './zod-definition.js';

type DefaultDefinition = Extract<Definition, { type: 'default' }>;

/** A declared column type without the types that wrap it, and what those say. */
export interface Layers {
  readonly inner: z.core.$ZodType;
  readonly nullable: boolean;
  /** The definition of the outermost default; its `defaultValue` may be the result of a function. */
  readonly default: DefaultDefinition | undefined;
  readonly hint: ColumnHint;
  /** The outermost description. */
  readonly description: string | undefined;
}

/**
 * Takes the wrapping types (nullable, default, …) off a column's type.
 *
 * @param where - the column in messages: `table.column`
 * @throws AshlarError `column-type-unsupported` for a column that may be undefined
 */
export function layersOf(where: string, declared: z.core.$ZodType): Layers {
  let inner = declared;
  let nullable = false;
  let optional = false;
  let byDefault: DefaultDefinition | undefined;
  let hint: ColumnHint = {};
  let description: string | undefined;
  for (;;) {
    hint = { ...columnHints.get(inner), ...hint };
    description ??= z.globalRegistry.get(inner)?.description;
    const def = definitionOf(inner);
    // of JSON, `.readonly()` freezes the value that is returned
    if (hint.kind === 'json' && def.type === 'readonly') break;
    if (def.type === 'nullable') nullable = true;
    else if (def.type === 'optional') optional = true;
    else if (def.type === 'default') byDefault ??= def;
    else if (def.type !== 'readonly') break;
    inner = def.innerType;
  }
  if (optional && !nullable) {
    throw unsupportedType(
      where,
      '.optional()',
      'A column cannot be undefined: replace .optional() with .nullable() or .default(value).',
    );
  }
  return { inner, nullable, default: byDefault, hint, description };
}

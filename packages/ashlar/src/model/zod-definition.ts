import { z } from 'zod';
import { AshlarError } from '../errors.js';

type Schemas = z.core.$ZodTypes | z.core.$ZodStringFormatTypes | z.core.$ZodNumberFormat;

/** The definition that Zod stores for a schema: a union, discriminated by `type`. */
export type Definition = Schemas['_zod']['def'];

/** The definition that Zod stores for a check: a union, discriminated by `check`. */
export type CheckDefinition = (
  | z.core.$ZodChecks
  | z.core.$ZodCheckStartsWith
  | z.core.$ZodCheckEndsWith
)['_zod']['def'];

/** Returns the definition of a Zod schema. */
export function definitionOf(schema: z.core.$ZodType): Definition {
  // the way into the union that Zod documents for library authors
  return (schema as Schemas)._zod.def;
}

/** Returns the definitions of a Zod schema's checks, such as `.min(1)`, `.startsWith('a')`. */
export function checksOf(schema: z.core.$ZodType): readonly CheckDefinition[] {
  const { checks = [] } = schema._zod.def;
  return checks.map((check) => check._zod.def as CheckDefinition);
}

/**
 * Returns the values of an enum. An enum of TypeScript with numbers also maps each number to its name; those entries are
 * no values.
 */
export function enumValues({ entries }: z.core.$ZodEnumDef): (string | number)[] {
  return z.core.util.getEnumValues(entries) as (string | number)[];
}

/**
 * Returns the format of a string or number schema (`z.uuid()`: `uuid`, `z.int()`: `safeint`); `undefined` if it has
 * none.
 */
export function formatOf(def: Definition): string | undefined {
  return (def.type === 'string' || def.type === 'number') && 'format' in def ? def.format : undefined;
}

/**
 * Returns the schema as a schema of `zod`, with its methods; throws for a schema of `zod/mini`. Zod types the schemas
 * inside another as those of its core.
 *
 * @throws AshlarError `column-type-unsupported` for a schema of `zod/mini`
 */
export function classicSchema(where: string, schema: z.core.$ZodType): z.ZodType {
  if (schema instanceof z.ZodType) return schema;
  throw unsupportedType(where, 'a schema of zod/mini', "Import z from 'zod'.");
}

/** Returns the error for a Zod schema that cannot be the type of a column. */
export function unsupportedType(where: string, what: string, suggestion: string): AshlarError {
  return new AshlarError('column-type-unsupported', {
    message: `${where}: ${what} has no column form.`,
    detail:
      'A column is text, a number, a boolean, a time, an address, bytes or JSON, and returns exactly what was stored.',
    suggestion,
  });
}

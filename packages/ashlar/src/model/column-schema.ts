import { z } from 'zod';
import type { Column } from '../contract/column.js';
import { columnHints } from './column-types.js';
import { storageProblem } from './storable.js';
import { classicSchema, definitionOf } from './zod-definition.js';

/** What {@link columnSchema} needs to know of a column. */
export interface SchemaParts {
  readonly where: string;
  readonly declared: z.core.$ZodType;
  /** The application's side of the innermost type; see `sidesOf`. */
  readonly application: z.core.$ZodType;
  readonly codec: z.core.$ZodType | undefined;
  readonly column: Column;
}

/**
 * Returns the Zod type of the application's values of a column: the declared type without its default, with the checks
 * of Ashlar. As part of the type, they survive `.omit()`, `.pick()` and `.extend()` of a table's schema.
 */
export function columnSchema({ where, declared, application, codec, column }: SchemaParts): z.ZodType {
  const type = withMetadataOf(declared, wrapped(where, declared, application));
  return type.check((payload) => {
    const { value, issues } = payload;
    if (value === undefined || (value === null && column.nullable)) return;
    const stored = codec === undefined ? { value } : encoded(codec, value);
    if ('problems' in stored) {
      for (const { message, path } of stored.problems)
        issues.push({ code: 'custom', message, path: [...path], input: value });
      return;
    }
    const problem = storageProblem(column, stored.value);
    if (problem !== undefined) issues.push({ ...storageIssue(problem), input: value });
  });
}

/** Returns the issue for a value that Zod accepts and that an engine could not return unchanged. */
export function storageIssue(message: string, path: PropertyKey[] = []) {
  return { code: 'custom' as const, message, path, params: { storage: true } };
}

/**
 * Copies the metadata of a schema (`.describe()`, `.meta()`) to one that was made of it. Its `id` is left out, because
 * it must be unique.
 */
export function withMetadataOf(from: z.core.$ZodType, to: z.ZodType): z.ZodType {
  const { id: _, ...metadata } = z.globalRegistry.get(from) ?? {};
  return from === to || Object.keys(metadata).length === 0 ? to : to.meta(metadata);
}

const hasId = (schema: z.core.$ZodType): boolean =>
  z.globalRegistry.get(schema)?.id !== undefined ||
  (schema._zod.parent !== undefined && hasId(schema._zod.parent));

// a JSON schema refers to a type whose metadata has an id, also through the types that were made of it
const withoutId = (where: string, schema: z.core.$ZodType): z.ZodType => {
  const type = classicSchema(where, schema);
  if (!hasId(type)) return type;
  const copy = withMetadataOf(type, z.core.clone(type, type._zod.def));
  const hint = columnHints.get(type);
  if (hint) columnHints.add(copy, hint);
  return copy;
};

/** Returns the declared type without defaults, with another type in place of the innermost one. */
export function wrapped(where: string, schema: z.core.$ZodType, innermost: z.core.$ZodType): z.ZodType {
  const def = definitionOf(schema);
  switch (def.type) {
    case 'default':
    case 'optional':
      return wrapped(where, def.innerType, innermost);
    case 'nullable': {
      const inner = wrapped(where, def.innerType, innermost);
      return inner === def.innerType ? withoutId(where, schema) : inner.nullable();
    }
    case 'readonly': {
      const inner = wrapped(where, def.innerType, innermost);
      return inner === def.innerType ? withoutId(where, schema) : inner.readonly();
    }
    case 'pipe':
      return withoutId(where, innermost);
    default:
      return withoutId(where, schema);
  }
}

type Encoded =
  | { readonly value: unknown }
  | { readonly problems: readonly Pick<z.core.$ZodIssue, 'message' | 'path'>[] };

const encoded = (codec: z.core.$ZodType, value: unknown): Encoded => {
  try {
    const result = z.safeEncode(codec, value as never);
    return result.success ? { value: result.data } : { problems: result.error.issues };
  } catch {
    return { problems: [{ message: 'the codec of the column cannot encode this value', path: [] }] };
  }
};

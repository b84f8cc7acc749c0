import type { z } from 'zod';
import type { ArrayElement, DeclaredElement } from '../contract/column.js';
import { columnKind, timestampPrecision } from './column-kind.js';
import { columnRules } from './column-rules.js';
import { columnHints } from './column-types.js';
import { isDate, isTimestamp, uuidForm } from './conversions.js';
import { definitionOf, unsupportedType } from './zod-definition.js';

type IsElement = (value: unknown, element: ArrayElement) => boolean;

const ofText =
  (is: (text: string, element: ArrayElement) => boolean): IsElement =>
  (value, element) =>
    typeof value === 'string' && is(value, element);

const elements: Readonly<Record<ArrayElement['kind'], IsElement>> = {
  text: ofText(() => true),
  uuid: ofText((text) => uuidForm.test(text)),
  integer: (value) => Number.isSafeInteger(value) && !Object.is(value, -0),
  boolean: (value) => typeof value === 'boolean',
  date: ofText(isDate),
  timestamp: ofText(isTimestamp),
};

const isElementKind = (kind: string): kind is ArrayElement['kind'] => Object.hasOwn(elements, kind);

/**
 * Returns what an array has as elements.
 *
 * @param where - the column in messages: `table.column`
 * @param type - the Zod type of the array
 * @throws AshlarError `column-type-unsupported` for elements that may be null, and for those of another kind
 */
export function elementOf(where: string, type: z.core.$ZodType): DeclaredElement {
  const def = definitionOf(type);
  const inner = def.type === 'array' ? def.element : type;
  const { type: name } = definitionOf(inner);
  if (name === 'nullable' || name === 'optional' || name === 'default' || name === 'prefault')
    throw unsupportedType(
      where,
      `an array of z.${name}()`,
      'Elements are present and not null: move .nullable() behind array(…), or use json(z.array(…)).',
    );
  const kind = columnHints.get(inner)?.kind ?? columnKind(where, inner);
  if (!isElementKind(kind))
    throw unsupportedType(
      where,
      `an array of the kind ${kind}`,
      `Use elements of ${Object.keys(elements).join(', ')}, or json(z.array(…)).`,
    );
  return { kind, precision: timestampPrecision(inner), rules: columnRules(inner, kind) };
}

/** Returns whether a value is an element of an array, in its stored form. */
export function isElement(element: ArrayElement, value: unknown): boolean {
  return elements[element.kind](value, element);
}

/** Returns a value that a database returned, if it is an array of such elements; otherwise `undefined`. */
export function heldArray(element: ArrayElement, value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) && value.every((each) => isElement(element, each)) ? value : undefined;
}

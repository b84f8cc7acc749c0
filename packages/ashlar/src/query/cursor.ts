import { createHash } from 'node:crypto';
import { AshlarError } from '../errors.js';
import { comparand } from './literals.js';
import type { Form } from './scope.js';

/** A value of a row's order that a cursor keeps. */
type CursorValue = string | number | boolean | null;

const version = 1;

/** A short fingerprint of an order, so that a cursor is used only with the order it was made for. */
const orderMark = (order: string): string =>
  createHash('sha256').update(order).digest('base64url').slice(0, 11);

const isCursorValue = (value: unknown): value is CursorValue =>
  value === null ||
  typeof value === 'string' ||
  typeof value === 'boolean' ||
  (typeof value === 'number' && Number.isFinite(value));

/**
 * Writes the cursor of the row with these values: base64url (RFC 4648) of JSON.
 *
 * @param forms - the form of each value; `undefined` for a computed value without a codec
 */
export function writeCursor(
  values: readonly unknown[],
  order: string,
  forms: readonly (Form | undefined)[] = [],
): string {
  const stored = values.map((value, at) => {
    const codec = forms[at]?.codec;
    return codec && value !== null ? codec.encode(value) : value;
  });
  return Buffer.from(JSON.stringify([version, orderMark(order), ...stored])).toString('base64url');
}

/**
 * Reads the values of a cursor, in the application's form.
 *
 * @param order - the order of the page, as {@link writeCursor} got it
 * @param forms - the form of each value; `undefined` for a computed value without a codec
 * @throws AshlarError `input-invalid` for text that is not a cursor, the cursor of another order, or a value that its
 *   column cannot have
 */
export function readCursor(
  cursor: string,
  order: string,
  forms: readonly (Form | undefined)[],
): readonly unknown[] {
  const [made, mark, ...values] = parsed(cursor);
  if (made !== version || typeof mark !== 'string' || !values.every(isCursorValue))
    throw invalid('The cursor of the page cannot be read.');
  if (mark !== orderMark(order) || values.length !== forms.length)
    throw invalid('The cursor of the page was made for another order.');
  const isPossible = (value: CursorValue, form: Form | undefined): boolean =>
    value === null || !form || comparand({ ...form, codec: undefined }, value).form === 'exact';
  if (!values.every((value, at) => isPossible(value, forms[at])))
    throw invalid('The cursor of the page was changed.');
  return values.map((value, at) => {
    const codec = forms[at]?.codec;
    return codec && value !== null ? codec.decode(value) : value;
  });
}

const parsed = (cursor: unknown): readonly unknown[] => {
  if (typeof cursor !== 'string' || !/^[\w-]+$/.test(cursor)) return [];
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
};

const invalid = (message: string): AshlarError =>
  new AshlarError('input-invalid', {
    message,
    suggestion:
      'Pass `next` of the page before unchanged, with the same order; without a cursor, the first page is read.',
  });

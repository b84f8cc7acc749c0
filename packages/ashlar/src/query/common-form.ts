import type { ColumnKind } from '../contract/column.js';
import { elementForm } from '../model/conversions.js';
import { computedBigint, isNarrow } from '../model/index.js';
import { numbers } from './computed.js';
import type { Form, Meaning } from './scope.js';

/**
 * Returns the form that values of two forms have beside one another, as the results of a CASE or the operands of a
 * comparison; `undefined` if engines do not agree on one.
 */
export function commonForm(one: Meaning, other: Meaning): Meaning | undefined {
  const kind = one.kind === other.kind ? one.kind : commonKind(one.kind, other.kind);
  if (!kind || one.digits?.scale !== other.digits?.scale || !sameElements(one, other)) return undefined;
  const isSame = one.kind === other.kind;
  return {
    kind,
    nullable: one.nullable || other.nullable,
    column: one.column === other.column ? one.column : undefined,
    precision: kind === 'timestamp' ? greater(one, other) : undefined,
    // the values of different codecs stay in their stored form
    codec: isSame ? sameCodec(one, other) : kind === 'bigint' ? computedBigint : undefined,
    digits: (one.digits?.total ?? 0) < (other.digits?.total ?? 0) ? other.digits : one.digits,
    element: one.element,
    rows: undefined,
  };
}

// PostgreSQL compares no arrays of different types
const sameElements = (one: Form, other: Form): boolean =>
  elementForm(one.element) === elementForm(other.element) &&
  (one.element?.kind !== 'integer' || isNarrow(one.element.rules) === isNarrow(other.element?.rules ?? {}));

const sameCodec = (one: Meaning, other: Meaning): Meaning['codec'] =>
  one.codec?.form === other.codec?.form ? one.codec : undefined;

const commonKind = (one: ColumnKind, other: ColumnKind): ColumnKind | undefined => {
  const kinds = new Set([one, other]);
  if (kinds.has('date') && kinds.has('timestamp')) return 'timestamp';
  if (kinds.has('decimal') || ![...kinds].every((kind) => numbers.has(kind))) return undefined;
  // a real has fewer digits than a bigint
  if (kinds.has('bigint')) return kinds.has('real') ? undefined : 'bigint';
  return 'real';
};

const greater = (one: Form, other: Form): 3 | 6 | undefined => {
  const digits = [one, other].map(({ kind, precision }) => (kind === 'date' ? 3 : precision));
  if (digits.includes(undefined)) return undefined;
  return digits.includes(6) ? 6 : 3;
};

/** Returns whether values of a form are written as those of another: a conversion would not change them. */
export function isWrittenAs(from: Form, to: Form): boolean {
  if (from.kind === to.kind)
    return sameElements(from, to) && (from.kind !== 'timestamp' || from.precision === to.precision);
  return from.kind === 'integer' && to.kind === 'bigint';
}

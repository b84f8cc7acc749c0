import type { ColumnKind } from '../contract/column.js';
import { bigintForm, computedBigint } from '../model/index.js';
import type { Meaning } from './scope.js';

/** The kinds whose values are numbers. */
export const numbers: ReadonlySet<ColumnKind> = new Set(['integer', 'bigint', 'decimal', 'real']);

/** Returns the meaning of a computed value. */
export const computed = (kind: ColumnKind, nullable = true): Meaning => ({
  kind,
  nullable,
  column: undefined,
  precision: undefined,
  codec: kind === 'bigint' ? computedBigint : undefined,
  digits: undefined,
  rows: undefined,
});
/** Returns the meaning of a value that is computed of values with a meaning, and has their kind. */
export const result = (meaning: Meaning | undefined): Meaning | undefined =>
  meaning && {
    ...meaning,
    nullable: true,
    column: undefined,
    // the result need not be within the bounds of the column
    codec: meaning.codec?.form === bigintForm ? computedBigint : meaning.codec,
  };

/** Returns the meaning of a literal. */
export const literalMeaning = (value: unknown): Meaning | undefined => {
  if (typeof value === 'boolean') return computed('boolean', false);
  if (typeof value === 'number') return computed(Number.isSafeInteger(value) ? 'integer' : 'real', false);
  if (typeof value === 'bigint') return computed('bigint', false);
  if (value instanceof Uint8Array) return computed('bytes', false);
  return typeof value === 'string' ? computed('text', false) : undefined;
};

type Meanings = readonly (Meaning | undefined)[];

/** Returns the meaning of what `||` makes of some values; `undefined` if the tree does not tell. */
export function concatenated(meanings: Meanings): Meaning | undefined {
  if (meanings.every((meaning) => meaning?.kind === 'json')) return computed('json');
  if (meanings.some((meaning) => !meaning)) return undefined;
  return computed(meanings.every((meaning) => meaning?.kind === 'bytes') ? 'bytes' : 'text');
}

/** Returns the meaning of what an arithmetic operator makes of some values; `undefined` if the tree does not tell. */
export function calculated(operator: string, meanings: Meanings): Meaning | undefined {
  const decimal = meanings.find((meaning) => meaning?.kind === 'decimal');
  if (decimal) return /^[-+*]$/.test(operator) ? result(decimal) : undefined;
  const kinds = meanings.map((meaning) => meaning?.kind);
  if (kinds.every((kind) => kind === 'integer')) return computed('integer');
  if (kinds.every((kind) => kind === 'integer' || kind === 'bigint')) return computed('bigint');
  return kinds.every((kind) => kind && numbers.has(kind)) ? computed('real') : undefined;
}

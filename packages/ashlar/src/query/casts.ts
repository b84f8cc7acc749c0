import { CastNode, DataTypeNode, type OperationNode } from 'kysely';
import type { ColumnKind } from '../contract/column.js';
import { AshlarError } from '../errors.js';
import { literalIn } from './beside.js';
import { castType } from './cast-types.js';
import { meaningOf } from './meaning.js';
import type { Place } from './place.js';
import { isValue } from './result-literals.js';
import type { Form, Meaning } from './scope.js';

/** The kinds that a cast converts to a kind with the same result on every engine, besides the kind itself. */
const sources: Partial<Record<ColumnKind, readonly ColumnKind[]>> = {
  integer: ['bigint', 'real', 'text'],
  bigint: ['integer', 'real', 'text'],
  real: ['integer', 'bigint', 'text'],
  date: ['timestamp'],
  timestamp: ['date'],
};

/** Kinds of which an engine has no type that a cast could name: a value of raw SQL stays what it is there. */
const ownTypes: ReadonlySet<ColumnKind> = new Set(['boolean', 'uuid', 'date', 'timestamp', 'json', 'bytes']);

/**
 * Rewrites a cast so that it has the same result on every engine.
 *
 * @throws AshlarError `usage` for a type or a conversion that engines do not share
 */
export function castOf(node: CastNode, place: Place): OperationNode {
  const { expression } = node;
  const { dataType: name } = node.dataType as { dataType?: string };
  // a type in raw SQL is that of its author
  if (name === undefined) return place.children(node);
  const to = castType(name);
  if (!to) throw noType(name);
  const form: Form = { ...to, nullable: true, precision: to.precision, codec: undefined, digits: undefined };
  if (isValue(expression) && ownTypes.has(form.kind)) {
    const literal = literalIn(form, expression.value, expression, place);
    if (!literal) throw noValue(name);
    return literal;
  }
  const from = meaningOf(expression, place.scope);
  if (!isConvertible(from, form)) throw noConversion(from?.kind, name);
  const rewritten = place.rewrite(expression);
  const { answers } = place.parts;
  const type = to.type ? DataTypeNode.create(to.type) : node.dataType;
  if (!from) return CastNode.create(rewritten, type);
  if (form.kind === 'text') return CastNode.create(answers.asText(rewritten, from) ?? rewritten, type);
  if (from.kind === 'real' && (form.kind === 'integer' || form.kind === 'bigint'))
    return CastNode.create(answers.asInteger(rewritten) ?? rewritten, type);
  return answers.converted(rewritten, from, form) ?? CastNode.create(rewritten, type);
}

const isConvertible = (from: Meaning | undefined, to: Form): boolean => {
  if (to.kind === 'text') return true;
  if (!from) return !ownTypes.has(to.kind);
  if (from.kind === 'timestamp' && to.kind === 'timestamp')
    return from.precision !== undefined && from.precision <= (to.precision ?? 0);
  return from.kind === to.kind || (sources[to.kind]?.includes(from.kind) ?? false);
};

const remedy =
  'Cast to text, integer, bigint, int8, double precision, date (of a time) or timestamptz(6) (of a day or a time), or compute it in the application. Raw sql sends every cast of an engine.';

const noType = (type: string): AshlarError =>
  new AshlarError('usage', {
    message: `A cast to ${type} is not in the SQL of every engine.`,
    suggestion: remedy,
  });

const noConversion = (from: string | undefined, type: string): AshlarError =>
  new AshlarError('usage', {
    message: `A cast of ${from ?? 'raw SQL'} to ${type} is not the same on every engine.`,
    suggestion: remedy,
  });

const noValue = (type: string): AshlarError =>
  new AshlarError('value-invalid', {
    message: `A literal that is cast to ${type} is no such value.`,
    suggestion: 'Give a value as a column of this kind holds it.',
  });

import { type BinaryOperationNode, type OperationNode, ValueListNode, ValueNode } from 'kysely';
import { AshlarError } from '../errors.js';
import { equalities, literalOf } from './comparands.js';
import { comparand } from './literals.js';
import { binary, constant, isReady, neverEqual, parameter } from './nodes.js';
import type { QueryParts } from './parts.js';
import type { Place } from './place.js';
import type { Meaning } from './scope.js';

/** Returns the error for an order of JSON. */
export const noOrder = (operator: string): AshlarError =>
  new AshlarError('usage', {
    message: `JSON cannot be compared with ${operator}.`,
    detail: 'Engines order JSON in different ways.',
    suggestion:
      'Compare a part of it: eb.ref(column, "->>").key(…), or keep that part in a column of its own.',
  });

/** Returns the error for an order of arrays. */
export const noArrayOrder = (what: string): AshlarError =>
  new AshlarError('usage', {
    message: `${what} needs an order, which arrays do not have.`,
    detail: 'PostgreSQL orders arrays by their elements, and SQLite by their text.',
    suggestion: 'Compare whole arrays by =, <> or in, and order by another column.',
  });

/** Rewrites a comparison with JSON: equal as JSON, whatever the order of keys. @throws AshlarError `usage` for an order */
export const jsonComparison = (
  node: BinaryOperationNode,
  operator: string,
  [ofLeft, ofRight]: readonly (Meaning | undefined)[],
  place: Place,
): OperationNode => {
  if (!equalities.has(operator)) throw noOrder(operator);
  const { answers } = place.parts;
  const { leftOperand: left, rightOperand: right } = node;
  if (!(canBe(ofLeft, right) && canBe(ofRight, left))) {
    const against = literalOf(right) ? left : right;
    if (operator === 'is distinct from') return constant(true);
    if (operator === 'is not distinct from') return constant(false);
    return neverEqual(place.rewrite(against), operator === '!=' || operator === '<>');
  }
  const side = (operand: OperationNode, other: Meaning | undefined): OperationNode => {
    if (ValueNode.is(operand) && !isReady(operand))
      return parameter(operand.value === null ? null : jsonText(other, operand.value, answers));
    return operand.kind === 'ValueNode' ? operand : answers.comparableJson(place.rewrite(operand));
  };
  return binary(side(left, ofRight), operator, side(right, ofLeft));
};

/** Returns whether a JSON expression can have the value of a literal. */
const canBe = (meaning: Meaning | undefined, operand: OperationNode): boolean => {
  const literal = literalOf(operand);
  return !literal || !meaning || comparand(meaning, literal.value).form === 'exact';
};

const jsonText = (meaning: Meaning | undefined, value: unknown, answers: QueryParts['answers']): string => {
  const against = meaning && comparand(meaning, value);
  return answers.comparableJsonText(against?.form === 'exact' ? against.value : value);
};

/** Rewrites IN with a list beside JSON. */
export const jsonMembership = (
  left: OperationNode,
  operator: 'in' | 'not in',
  items: readonly OperationNode[],
  meaning: Meaning,
  place: Place,
): OperationNode => {
  const { answers } = place.parts;
  const possible = items.filter((item) => canBe(meaning, item));
  if (possible.length === 0) return neverEqual(place.rewrite(left), operator === 'not in');
  const values = possible.map((item) => {
    const literal = literalOf(item);
    if (literal) return parameter(jsonText(meaning, literal.value, answers));
    return ValueNode.is(item) ? item : answers.comparableJson(place.rewrite(item));
  });
  return binary(answers.comparableJson(place.rewrite(left)), operator, ValueListNode.create(values));
};

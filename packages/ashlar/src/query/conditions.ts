import {
  AndNode,
  type BinaryOperationNode,
  type OperationNode,
  PrimitiveValueListNode,
  TupleNode,
  ValueNode,
} from 'kysely';
import { AshlarError } from '../errors.js';
import { concatenation, inOrder } from './as-text.js';
import { comparison, encoded, formBeside, inFormOf } from './beside.js';
import { equalities, formOfSide, isKnown, itemsOf, literalOf } from './comparands.js';
import { numbers } from './computed.js';
import { jsonComparison, noArrayOrder, noOrder } from './json-comparisons.js';
import { besideJsonText } from './json-parts.js';
import { comparand, isText } from './literals.js';
import { meaningOf } from './meaning.js';
import { membership, tuples } from './membership.js';
import { binary, both, cast, constant, neverEqual } from './nodes.js';
import { comparisons, operatorOf } from './operators.js';
import type { Place } from './place.js';
import { isLiteral } from './result-literals.js';
import type { Form } from './scope.js';

const orders: ReadonlySet<string> = new Set(['<', '<=', '>', '>=']);
const flipped: Readonly<Record<string, string>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' };
const likes: ReadonlySet<string> = new Set(['like', 'not like', 'ilike', 'not ilike']);

/** Operators whose literal operands need the type that the literal has. */
const operators: ReadonlySet<string> = new Set(['+', '-', '*', '/', '%', '||']);

/**
 * Rewrites a comparison: literals get the form of the column that they are compared with, and what engines answer
 * differently is written so that they agree.
 *
 * @throws AshlarError `usage` for an order or a pattern over JSON, and for a pattern that ends with a lone backslash
 */
export function condition(given: BinaryOperationNode, place: Place): OperationNode {
  const operator = operatorOf(given);
  const single =
    equalities.has(operator) || orders.has(operator) ? withoutList(given, operator, place) : given;
  const node = comparisons.has(operator) ? besideJsonText(single) : single;
  const { leftOperand: left, rightOperand: right } = node;
  if (likes.has(operator)) return like(node, operator, place);
  if (operator === 'in' || operator === 'not in') return membership(node, operator, place);
  if (operator === 'between' && AndNode.is(right)) return between(node, right, place);
  if (operators.has(operator)) return calculation(node, operator, place);
  if (operator === 'is' || operator === 'is not') return identity(node, operator, place);
  if (!equalities.has(operator) && !orders.has(operator)) return place.children(node);
  if (TupleNode.is(left) && TupleNode.is(right)) return tuples(node, left, right, place);
  const [leftMeaning, rightMeaning] = [meaningOf(left, place.scope), meaningOf(right, place.scope)];
  const [onRight, onLeft] = [literalOf(right), literalOf(left)];
  const form = onRight || onLeft ? undefined : formBeside([left, right], place.scope, comparison);
  if (leftMeaning?.kind === 'json' || rightMeaning?.kind === 'json')
    return jsonComparison(node, operator, [leftMeaning, rightMeaning], place);
  if (orders.has(operator) && (leftMeaning?.kind === 'array' || rightMeaning?.kind === 'array'))
    throw noArrayOrder(operator);
  if (onRight && isKnown(leftMeaning, onRight.value) && !literalOf(left))
    return compared({ node: left, form: leftMeaning, operator, literal: onRight }, place);
  if (onLeft && isKnown(rightMeaning, onLeft.value) && !literalOf(right))
    return compared(
      { node: right, form: rightMeaning, operator: flipped[operator] ?? operator, literal: onLeft },
      place,
    );
  const one = inFormOf(left, formOfSide(leftMeaning, form), place);
  return binary(
    orders.has(operator) ? inOrder(one, leftMeaning, place.parts.answers) : one,
    operator,
    inFormOf(right, formOfSide(rightMeaning, form), place),
  );
}

/** An array beside JSON or an array is a value of it. Beside another column it is a list, which only IN takes. */
const withoutList = (node: BinaryOperationNode, operator: string, { scope }: Place): BinaryOperationNode => {
  const { leftOperand: left, rightOperand: right } = node;
  if (!itemsOf(right) || TupleNode.is(left)) return node;
  const kind = meaningOf(left, scope)?.kind;
  if (PrimitiveValueListNode.is(right) && (kind === 'json' || kind === 'array'))
    return { ...node, rightOperand: ValueNode.create(right.values) };
  throw new AshlarError('usage', {
    message: `${operator} compares one value, and is given a list.`,
    suggestion:
      'Use in or not in for a list; eb.val([…]) is an array of JSON, or a value of a column of arrays.',
  });
};

/** IS takes NULL and, of booleans, true and false; SQLite would compare any two values. */
const identity = (node: BinaryOperationNode, operator: string, place: Place): OperationNode => {
  const { leftOperand: left, rightOperand: right } = node;
  const value = ValueNode.is(right) ? right.value : undefined;
  const kind = typeof value === 'boolean' ? meaningOf(left, place.scope)?.kind : undefined;
  if (value === null || (typeof value === 'boolean' && (!kind || kind === 'boolean')))
    return binary(place.rewrite(left), operator, right);
  throw new AshlarError('usage', {
    message: `${operator} takes NULL, or true and false beside a boolean.`,
    suggestion: 'Use "is distinct from" and "is not distinct from", for which NULLs are equal, or = and <>.',
  });
};

interface Comparison {
  readonly node: OperationNode;
  readonly form: Form;
  readonly operator: string;
  readonly literal: ValueNode;
}

const compared = ({ node: given, form, operator, literal }: Comparison, place: Place): OperationNode => {
  const { parts } = place;
  const rewritten = place.rewrite(given);
  const node = orders.has(operator) ? inOrder(rewritten, form, parts.answers) : rewritten;
  const against = comparand(form, literal.value);
  if (against.form === 'exact') return binary(node, operator, encoded(form, against.value, parts, literal));
  if (operator === 'is distinct from') return constant(true);
  if (operator === 'is not distinct from') return constant(false);
  if (against.form === 'impossible' || !orders.has(operator))
    return neverEqual(node, operator === '!=' || operator === '<>');
  const nearest = operator.startsWith('<') ? against.below : against.above;
  if (nearest === undefined) return neverEqual(node, false);
  return binary(node, operator.startsWith('<') ? '<=' : '>=', encoded(form, nearest, parts, literal));
};

const largestInt32 = 2 ** 31 - 1;

const decimalOf = (nodes: readonly OperationNode[], { parts, scope }: Place): Form | undefined =>
  parts.hasDecimals
    ? nodes.map((node) => meaningOf(node, scope)).find((meaning) => meaning?.kind === 'decimal')
    : undefined;

// PostgreSQL gives a parameter the type of the other operand
const calculation = (node: BinaryOperationNode, operator: string, place: Place): OperationNode => {
  if (operator === '||') return concatenation(node, place);
  for (const operand of [node.leftOperand, node.rightOperand]) {
    const kind = literalOf(operand) ? undefined : meaningOf(operand, place.scope)?.kind;
    if (kind && !numbers.has(kind)) throw noCalculation(operator, kind);
  }
  const { typedParameters } = place.parts.answers;
  const { leftOperand, rightOperand } = node;
  // a literal that is added to a decimal takes its scale
  const decimal = /^[-+]$/.test(operator) ? decimalOf([leftOperand, rightOperand], place) : undefined;
  const side = (operand: OperationNode): OperationNode => {
    if (decimal) return inFormOf(operand, decimal, place);
    const value = isLiteral(operand) ? operand.value : undefined;
    if (typeof value === 'bigint' && typedParameters) return cast(operand, 'int8');
    if (typeof value !== 'number' || !typedParameters) return place.rewrite(operand);
    if (!Number.isSafeInteger(value)) return cast(operand, 'double precision');
    return Math.abs(value) > largestInt32 ? cast(operand, 'bigint') : operand;
  };
  return binary(side(leftOperand), operator, side(rightOperand));
};

const between = (
  node: BinaryOperationNode,
  { left: from, right: to }: AndNode,
  place: Place,
): OperationNode => {
  const meaning = meaningOf(node.leftOperand, place.scope);
  if (meaning?.kind === 'json') throw noOrder('between');
  if (!meaning) return place.children(node);
  const side = (operator: string, limit: OperationNode): OperationNode =>
    condition(binary(node.leftOperand, operator, limit) as BinaryOperationNode, place);
  return both(side('>=', from), side('<=', to));
};

const noCalculation = (operator: string, kind: string): AshlarError =>
  new AshlarError('usage', {
    message: `${operator} takes numbers, and an operand is of the kind ${kind}.`,
    detail: 'SQLite would calculate with the number that its text begins with.',
    suggestion: 'Calculate in the application, or cast the operand to a number if it is text.',
  });

const like = (node: BinaryOperationNode, operator: string, place: Place): OperationNode => {
  const { leftOperand: left, rightOperand: right } = node;
  const meaning = meaningOf(left, place.scope);
  if (meaning && meaning.kind !== 'text') throw notText(operator, meaning.kind);
  const negated = operator.startsWith('not');
  const literal = literalOf(right);
  if (literal && !isText(literal.value)) return neverEqual(left, negated);
  const text = literal?.value as string | undefined;
  if (text !== undefined && /(?<!\\)(?:\\\\)*\\$/.test(text)) throw loneEscape(operator);
  const parts = {
    left: inOrder(place.rewrite(left), { kind: 'text' }, place.parts.answers),
    pattern: place.rewrite(right),
    text,
    negated,
    matchCase: !operator.endsWith('ilike'),
  };
  return place.parts.answers.like(parts) ?? binary(parts.left, operator, parts.pattern);
};

const notText = (operator: string, kind: string): AshlarError =>
  new AshlarError('usage', {
    message: `${operator} compares text, and the column holds values of the kind ${kind}.`,
    suggestion: 'Compare with =, in, < or >, or cast the column to text.',
  });

const loneEscape = (operator: string): AshlarError =>
  new AshlarError('usage', {
    message: `The pattern of ${operator} ends with a backslash, which escapes nothing.`,
    suggestion: 'Write \\\\ for a backslash.',
  });

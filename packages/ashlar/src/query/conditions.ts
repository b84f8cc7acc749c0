import {
  AndNode,
  type BinaryOperationNode,
  type OperationNode,
  PrimitiveValueListNode,
  TupleNode,
  ValueListNode,
  ValueNode,
  ValuesNode,
} from 'kysely';
import type { Column } from '../contract/column.js';
import { raw } from '../engines/raw-node.js';
import { AshlarError } from '../errors.js';
import { type Comparand, comparand, isText } from './literals.js';
import { meaningOf, operatorOf } from './meaning.js';
import { binary, both, cast, constant, isReady, neverEqual, parameter, parameters } from './nodes.js';
import type { QueryParts } from './parts.js';
import type { Scope } from './scope.js';

const equalities: ReadonlySet<string> = new Set([
  '=',
  '==',
  '!=',
  '<>',
  'is distinct from',
  'is not distinct from',
]);
const orders: ReadonlySet<string> = new Set(['<', '<=', '>', '>=']);
const flipped: Readonly<Record<string, string>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' };
const likes: ReadonlySet<string> = new Set(['like', 'not like', 'ilike', 'not ilike']);

/** Operators whose literal operands need the type that the literal has. */
const operators: ReadonlySet<string> = new Set(['+', '-', '*', '/', '%', '||']);

/** What rewriting a condition needs: the names in its place, and the rewriting of its operands. */
export interface Place {
  readonly parts: QueryParts;
  readonly scope: Scope;
  /** Rewrites an expression. */
  rewrite(node: OperationNode): OperationNode;
  /** Rewrites what a node consists of, and not the node itself. */
  children(node: OperationNode): OperationNode;
}

const isLiteral = (node: OperationNode): node is ValueNode => ValueNode.is(node) && !node.immediate;

// NULL and undefined have no form of a column: SQL gives NULL, and the engine refuses undefined
const literalOf = (node: OperationNode): { readonly value: unknown } | undefined =>
  isLiteral(node) && node.value !== null && node.value !== undefined && !isReady(node)
    ? { value: node.value }
    : undefined;

/**
 * Rewrites a comparison: literals get the form of the column that they are compared with, and what engines answer
 * differently is written so that they agree.
 *
 * @throws AshlarError `usage` for an order or a pattern over JSON, and for a pattern that ends with a lone backslash
 */
export function condition(node: BinaryOperationNode, place: Place): OperationNode {
  const operator = operatorOf(node);
  const { leftOperand: left, rightOperand: right } = node;
  if (likes.has(operator)) return like(node, operator, place);
  if (operator === 'in' || operator === 'not in') return membership(node, operator, place);
  if (operator === 'between' && AndNode.is(right)) return between(node, right, place);
  if (operators.has(operator)) return calculation(node, operator, place);
  if (!equalities.has(operator) && !orders.has(operator)) return place.children(node);
  if (TupleNode.is(left) && TupleNode.is(right)) return tuples(node, left, right, place);
  const kinds = [meaningOf(left, place.scope), meaningOf(right, place.scope)];
  if (kinds.some((meaning) => meaning?.kind === 'json')) return jsonComparison(node, operator, place);
  const [onRight, onLeft] = [literalOf(right), literalOf(left)];
  const [leftColumn, rightColumn] = kinds.map((meaning) => meaning?.column);
  if (onRight && leftColumn) return compared({ node: left, column: leftColumn, operator, ...onRight }, place);
  if (onLeft && rightColumn)
    return compared(
      { node: right, column: rightColumn, operator: flipped[operator] ?? operator, ...onLeft },
      place,
    );
  return place.children(node);
}

interface Comparison {
  readonly node: OperationNode;
  readonly column: Column;
  readonly operator: string;
  readonly value: unknown;
}

const compared = ({ node, column, operator, value }: Comparison, { parts }: Place): OperationNode => {
  const against = comparand(column, value);
  if (against.form === 'exact') return binary(node, operator, encoded(column, against.value, parts));
  if (operator === 'is distinct from') return constant(true);
  if (operator === 'is not distinct from') return constant(false);
  if (against.form === 'impossible' || !orders.has(operator))
    return neverEqual(node, operator === '!=' || operator === '<>');
  return operator.startsWith('<')
    ? binary(node, '<=', encoded(column, against.below, parts))
    : binary(node, '>=', encoded(column, against.above, parts));
};

const largestInt32 = 2 ** 31 - 1;

const encoded = (column: Column, value: unknown, { answers, encode }: QueryParts): OperationNode => {
  const node = parameter(encode(column, value));
  const wide = column.kind === 'integer' && Math.abs(value as number) > largestInt32;
  // the parameter would take the type of the column, which may be narrower than the literal
  return wide && answers.typedParameters ? cast(node, 'bigint') : node;
};

// PostgreSQL gives a parameter the type of the other operand
const calculation = (node: BinaryOperationNode, operator: string, place: Place): OperationNode => {
  const { typedParameters } = place.parts.answers;
  const side = (operand: OperationNode): OperationNode => {
    const value = isLiteral(operand) ? operand.value : undefined;
    if (operator === '||' && (typeof value === 'number' || typeof value === 'boolean'))
      return parameter(String(value));
    if (typeof value !== 'number' || !typedParameters) return place.rewrite(operand);
    if (!Number.isSafeInteger(value)) return cast(operand, 'double precision');
    return Math.abs(value) > largestInt32 ? cast(operand, 'bigint') : operand;
  };
  return binary(side(node.leftOperand), operator, side(node.rightOperand));
};

const between = (
  node: BinaryOperationNode,
  { left: from, right: to }: AndNode,
  place: Place,
): OperationNode => {
  const meaning = meaningOf(node.leftOperand, place.scope);
  if (meaning?.kind === 'json') throw noOrder('between');
  if (!meaning?.column || !(literalOf(from) || literalOf(to))) return place.children(node);
  const side = (operator: string, limit: OperationNode): OperationNode =>
    condition(binary(node.leftOperand, operator, limit) as BinaryOperationNode, place);
  return both(side('>=', from), side('<=', to));
};

const noOrder = (operator: string): AshlarError =>
  new AshlarError('usage', {
    message: `JSON cannot be compared with ${operator}.`,
    detail: 'Engines order JSON in different ways.',
    suggestion:
      'Compare a part of it: eb.ref(column, "->>").key(…), or keep that part in a column of its own.',
  });

const jsonComparison = (node: BinaryOperationNode, operator: string, place: Place): OperationNode => {
  if (!equalities.has(operator)) throw noOrder(operator);
  const { answers } = place.parts;
  const side = (operand: OperationNode): OperationNode => {
    if (isLiteral(operand) && !isReady(operand))
      return parameter(operand.value === null ? null : answers.comparableJsonText(operand.value));
    return operand.kind === 'ValueNode' ? operand : answers.comparableJson(place.rewrite(operand));
  };
  return binary(side(node.leftOperand), operator, side(node.rightOperand));
};

const itemsOf = (node: OperationNode): readonly OperationNode[] | undefined => {
  if (PrimitiveValueListNode.is(node))
    return node.values.map((value) => (isReady(node) ? parameter(value) : ValueNode.create(value)));
  return ValueListNode.is(node) ? node.values : undefined;
};

const membership = (node: BinaryOperationNode, operator: 'in' | 'not in', place: Place): OperationNode => {
  const { leftOperand: left } = node;
  const items = itemsOf(node.rightOperand);
  if (items?.length === 0) return constant(operator === 'not in');
  if (TupleNode.is(left) && items) return tupleMembership(left, operator, items, place);
  const meaning = meaningOf(left, place.scope);
  if (meaning?.kind === 'json') {
    if (!items) throw noOrder(`${operator} (a subquery)`);
    const { answers } = place.parts;
    return binary(
      answers.comparableJson(place.rewrite(left)),
      operator,
      ValueListNode.create(
        items.map((item) => {
          const literal = literalOf(item);
          return literal ? parameter(answers.comparableJsonText(literal.value)) : item;
        }),
      ),
    );
  }
  const column = meaning?.column;
  if (!items || !column) return place.children(node);
  const kept = items.flatMap((item) => {
    const literal = literalOf(item);
    if (!literal) return [place.rewrite(item)];
    const against = comparand(column, literal.value);
    return against.form === 'exact' ? [encoded(column, against.value, place.parts)] : [];
  });
  if (kept.length === 0) return neverEqual(left, operator === 'not in');
  const values = kept.every(isLiteral)
    ? parameters(kept.map(({ value }) => value))
    : ValueListNode.create(kept);
  return binary(left, operator, values);
};

/** The elements of a tuple in the form of the columns of another; `undefined` if one of them is never equal. */
const tupleLike = (columns: TupleNode, values: TupleNode, place: Place): TupleNode | undefined => {
  const elements: OperationNode[] = [];
  for (const [at, element] of values.values.entries()) {
    const beside = columns.values[at];
    const column = beside && meaningOf(beside, place.scope)?.column;
    const literal = literalOf(element);
    const against: Comparand | undefined = literal && column ? comparand(column, literal.value) : undefined;
    if (against && against.form !== 'exact') return undefined;
    elements.push(against && column ? encoded(column, against.value, place.parts) : place.rewrite(element));
  }
  return TupleNode.create(elements);
};

const tuples = (
  node: BinaryOperationNode,
  left: TupleNode,
  right: TupleNode,
  place: Place,
): OperationNode => {
  const operator = operatorOf(node);
  if (operator === '=' && left.values.length === right.values.length) {
    const pairs = left.values.map((each, at) =>
      condition(binary(each, '=', right.values[at] as OperationNode) as BinaryOperationNode, place),
    );
    return pairs.reduce((one, other) => both(one, other));
  }
  return binary(place.rewrite(left), operator, tupleLike(left, right, place) ?? place.rewrite(right));
};

const tupleMembership = (
  left: TupleNode,
  operator: 'in' | 'not in',
  items: readonly OperationNode[],
  place: Place,
): OperationNode => {
  const kept = items.flatMap((item) => (TupleNode.is(item) ? (tupleLike(left, item, place) ?? []) : item));
  if (kept.length === 0) return constant(operator === 'not in');
  const rows = kept.every((item) => TupleNode.is(item));
  const list =
    place.parts.answers.tuplesAreValues && rows
      ? raw(['(', ')'], ValuesNode.create(kept.map(({ values }) => ValueListNode.create(values))))
      : ValueListNode.create(kept);
  return binary(place.rewrite(left), operator, list);
};

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
    left: place.rewrite(left),
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

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
import { raw } from '../engines/raw-node.js';
import { AshlarError } from '../errors.js';
import { concatenation } from './as-text.js';
import { numbers } from './computed.js';
import { besideJsonText } from './json-parts.js';
import { type Comparand, comparand, isText } from './literals.js';
import { comparisons, meaningOf, operatorOf, remember } from './meaning.js';
import { binary, both, cast, constant, isReady, neverEqual, parameter, parameters } from './nodes.js';
import type { QueryParts } from './parts.js';
import type { Place } from './place.js';
import { isLiteral, withResults } from './result-literals.js';
import type { Form, Meaning } from './scope.js';

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
export function condition(given: BinaryOperationNode, place: Place): OperationNode {
  const operator = operatorOf(given);
  const node = comparisons.has(operator) ? besideJsonText(given) : given;
  const { leftOperand: left, rightOperand: right } = node;
  if (likes.has(operator)) return like(node, operator, place);
  if (operator === 'in' || operator === 'not in') return membership(node, operator, place);
  if (operator === 'between' && AndNode.is(right)) return between(node, right, place);
  if (operators.has(operator)) return calculation(node, operator, place);
  if (!equalities.has(operator) && !orders.has(operator)) return place.children(node);
  if (TupleNode.is(left) && TupleNode.is(right)) return tuples(node, left, right, place);
  const [leftMeaning, rightMeaning] = [meaningOf(left, place.scope), meaningOf(right, place.scope)];
  if (leftMeaning?.kind === 'json' || rightMeaning?.kind === 'json')
    return jsonComparison(node, operator, [leftMeaning, rightMeaning], place);
  const [onRight, onLeft] = [literalOf(right), literalOf(left)];
  if (onRight && isKnown(leftMeaning, onRight.value) && !literalOf(left))
    return compared({ node: left, form: leftMeaning, operator, ...onRight }, place);
  if (onLeft && isKnown(rightMeaning, onLeft.value) && !literalOf(right))
    return compared(
      { node: right, form: rightMeaning, operator: flipped[operator] ?? operator, ...onLeft },
      place,
    );
  return binary(
    inFormOf(left, literalOf(left) ? undefined : rightMeaning, place),
    operator,
    inFormOf(right, literalOf(right) ? undefined : leftMeaning, place),
  );
}

/** Returns whether the values of an expression have a form in which a literal can be compared with them. */
const isKnown = (meaning: Meaning | undefined, value: unknown): meaning is Meaning => {
  if (!meaning || meaning.column) return meaning !== undefined;
  if (meaning.kind === 'timestamp') return meaning.precision !== undefined;
  // a sum can be greater than every integer of a column
  return meaning.kind !== 'integer' || !(Math.abs(Number(value)) >= largestExact);
};

const largestExact = 2 ** 53;

/**
 * Rewrites an expression so that the literals that it returns have a form: that of what it is compared with, or of its
 * other results.
 */
export function inFormOf(node: OperationNode, form: Form | undefined, place: Place): OperationNode {
  return withResults(node, {
    other: (part) => place.rewrite(part),
    literal: (value) => (form && literalIn(form, value, place)) ?? place.rewrite(ValueNode.create(value)),
  });
}

/** Returns a literal in a form, with its type; `undefined` if the form has no such value. */
const literalIn = (form: Form, value: unknown, { parts }: Place): OperationNode | undefined => {
  const against = comparand(form, value);
  if (against.form !== 'exact') return undefined;
  const typed = parts.answers.typed(parameter(parts.encode(form, against.value)), form.kind);
  remember(typed, { ...form, column: undefined, rows: undefined });
  return typed;
};

interface Comparison {
  readonly node: OperationNode;
  readonly form: Form;
  readonly operator: string;
  readonly value: unknown;
}

const compared = ({ node: given, form, operator, value }: Comparison, place: Place): OperationNode => {
  const { parts } = place;
  const node = place.rewrite(given);
  const against = comparand(form, value);
  if (against.form === 'exact') return binary(node, operator, encoded(form, against.value, parts));
  if (operator === 'is distinct from') return constant(true);
  if (operator === 'is not distinct from') return constant(false);
  if (against.form === 'impossible' || !orders.has(operator))
    return neverEqual(node, operator === '!=' || operator === '<>');
  const nearest = operator.startsWith('<') ? against.below : against.above;
  if (nearest === undefined) return neverEqual(node, false);
  return binary(node, operator.startsWith('<') ? '<=' : '>=', encoded(form, nearest, parts));
};

const largestInt32 = 2 ** 31 - 1;

const encoded = (form: Form, value: unknown, { answers, encode }: QueryParts): OperationNode => {
  const node = parameter(encode(form, value));
  const wide = form.kind === 'integer' && Math.abs(value as number) > largestInt32;
  // the parameter would take the type of the column, which may be narrower than the literal
  return wide && answers.typedParameters ? cast(node, 'bigint') : node;
};

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
  if (!meaning || !(literalOf(from) || literalOf(to))) return place.children(node);
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

const noOrder = (operator: string): AshlarError =>
  new AshlarError('usage', {
    message: `JSON cannot be compared with ${operator}.`,
    detail: 'Engines order JSON in different ways.',
    suggestion:
      'Compare a part of it: eb.ref(column, "->>").key(…), or keep that part in a column of its own.',
  });

const jsonComparison = (
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
    if (isLiteral(operand) && !isReady(operand))
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
    if (!items.some((item) => canBe(meaning, item)))
      return neverEqual(place.rewrite(left), operator === 'not in');
    const { answers } = place.parts;
    return binary(
      answers.comparableJson(place.rewrite(left)),
      operator,
      ValueListNode.create(
        items
          .filter((item) => canBe(meaning, item))
          .map((item) => {
            const literal = literalOf(item);
            return literal ? parameter(jsonText(meaning, literal.value, answers)) : item;
          }),
      ),
    );
  }
  if (!items || !meaning || !items.every((item) => isKnown(meaning, literalOf(item)?.value ?? 0)))
    return place.children(node);
  const kept = items.flatMap((item) => {
    const literal = literalOf(item);
    if (!literal) return [place.rewrite(item)];
    const against = comparand(meaning, literal.value);
    return against.form === 'exact' ? [encoded(meaning, against.value, place.parts)] : [];
  });
  const operand = place.rewrite(left);
  if (kept.length === 0) return neverEqual(operand, operator === 'not in');
  const values = kept.every(isLiteral)
    ? parameters(kept.map(({ value }) => value))
    : ValueListNode.create(kept);
  return binary(operand, operator, values);
};

/** The elements of a tuple in the form of the columns of another; `undefined` if one of them is never equal. */
const tupleLike = (columns: TupleNode, values: TupleNode, place: Place): TupleNode | undefined => {
  const elements: OperationNode[] = [];
  for (const [at, element] of values.values.entries()) {
    const beside = columns.values[at];
    const column = beside && meaningOf(beside, place.scope);
    const literal = literalOf(element);
    const against: Comparand | undefined =
      literal && isKnown(column, literal.value) ? comparand(column, literal.value) : undefined;
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

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
import { comparison, encoded, formBeside, inFormOf, mixed } from './beside.js';
import { commonForm, isWrittenAs } from './common-form.js';
import { numbers } from './computed.js';
import { besideJsonText } from './json-parts.js';
import { type Comparand, comparand, isText } from './literals.js';
import { certainMeaning, comparisons, isStatement, meaningOf, operatorOf, outputsOf } from './meaning.js';
import { binary, both, cast, constant, either, isReady, neverEqual, parameter, parameters } from './nodes.js';
import type { QueryParts } from './parts.js';
import type { Place } from './place.js';
import { isLiteral, isValue } from './result-literals.js';
import type { Form, Meaning } from './scope.js';
import { unwrapped } from './unwrapped.js';

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
const literalOf = (node: OperationNode): ValueNode | undefined => (isValue(node) ? node : undefined);

/**
 * Rewrites a comparison: literals get the form of the column that they are compared with, and what engines answer
 * differently is written so that they agree.
 *
 * @throws AshlarError `usage` for an order or a pattern over JSON, and for a pattern that ends with a lone backslash
 */
export function condition(given: BinaryOperationNode, place: Place): OperationNode {
  const operator = operatorOf(given);
  const one = equalities.has(operator) || orders.has(operator) ? withoutList(given, operator, place) : given;
  const node = comparisons.has(operator) ? besideJsonText(one) : one;
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
  if (onRight && isKnown(leftMeaning, onRight.value) && !literalOf(left))
    return compared({ node: left, form: leftMeaning, operator, literal: onRight }, place);
  if (onLeft && isKnown(rightMeaning, onLeft.value) && !literalOf(right))
    return compared(
      { node: right, form: rightMeaning, operator: flipped[operator] ?? operator, literal: onLeft },
      place,
    );
  return binary(
    inFormOf(left, formOfSide(leftMeaning, form), place),
    operator,
    inFormOf(right, formOfSide(rightMeaning, form), place),
  );
}

/** An array beside JSON is a value of it. Beside another column it is a list, which only IN takes. */
const withoutList = (node: BinaryOperationNode, operator: string, { scope }: Place): BinaryOperationNode => {
  const { leftOperand: left, rightOperand: right } = node;
  if (!itemsOf(right) || TupleNode.is(left)) return node;
  if (PrimitiveValueListNode.is(right) && meaningOf(left, scope)?.kind === 'json')
    return { ...node, rightOperand: ValueNode.create(right.values) };
  throw new AshlarError('usage', {
    message: `${operator} compares one value, and is given a list.`,
    suggestion: 'Use in or not in for a list; eb.val([…]) is an array of JSON.',
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

// engines compare numbers of different kinds alike, and an index answers for a column as it is
const formOfSide = (own: Form | undefined, form: Form | undefined): Form | undefined =>
  form && form.kind !== 'decimal' && numbers.has(form.kind) ? (own ?? form) : form;

/** Returns whether the values of an expression have a form in which a literal can be compared with them. */
const isKnown = (meaning: Meaning | undefined, value: unknown): meaning is Meaning => {
  if (!meaning || meaning.column) return meaning !== undefined;
  if (meaning.kind === 'timestamp') return meaning.precision !== undefined;
  // a sum can be greater than every integer of a column
  return meaning.kind !== 'integer' || !(Math.abs(Number(value)) >= largestExact);
};

const largestExact = 2 ** 53;

interface Comparison {
  readonly node: OperationNode;
  readonly form: Form;
  readonly operator: string;
  readonly literal: ValueNode;
}

const compared = ({ node: given, form, operator, literal }: Comparison, place: Place): OperationNode => {
  const { parts } = place;
  const node = place.rewrite(given);
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

const itemsOf = (node: OperationNode): readonly OperationNode[] | undefined => {
  if (PrimitiveValueListNode.is(node))
    return node.values.map((value) => (isReady(node) ? parameter(value) : ValueNode.create(value)));
  return ValueListNode.is(node) ? node.values : undefined;
};

const membership = (node: BinaryOperationNode, operator: 'in' | 'not in', place: Place): OperationNode => {
  const { leftOperand: left } = node;
  const items = itemsOf(node.rightOperand);
  if (!items) return amongRows(node, operator, place);
  if (items.length === 0) return constant(operator === 'not in');
  if (TupleNode.is(left)) return tupleMembership(left, operator, items, place);
  const expressions = items.filter((item) => !literalOf(item));
  if (literalOf(left) && expressions.length > 0) return oneOf(left, operator, items, place);
  const meaning = formBeside([left, ...expressions], place.scope, comparison);
  if (meaning?.kind === 'json') {
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
            if (literal) return parameter(jsonText(meaning, literal.value, answers));
            return ValueNode.is(item) ? item : answers.comparableJson(place.rewrite(item));
          }),
      ),
    );
  }
  if (!meaning || !items.every((item) => isKnown(meaning, literalOf(item)?.value ?? 0)))
    return place.children(node);
  const form = (of: OperationNode) => formOfSide(meaningOf(of, place.scope), meaning);
  const kept = items.flatMap((item) => {
    const literal = literalOf(item);
    if (!literal) return [inFormOf(item, form(item), place)];
    const against = comparand(meaning, literal.value);
    return against.form === 'exact' ? [encoded(meaning, against.value, place.parts, literal)] : [];
  });
  const operand = inFormOf(left, form(left), place);
  if (kept.length === 0) return neverEqual(operand, operator === 'not in');
  const values = kept.every(isLiteral)
    ? parameters(kept.map(({ value }) => value))
    : ValueListNode.create(kept);
  return binary(operand, operator, values);
};

/** A literal in a list of expressions, as comparisons. */
const oneOf = (
  left: OperationNode,
  operator: 'in' | 'not in',
  items: readonly OperationNode[],
  place: Place,
): OperationNode => {
  const isIn = operator === 'in';
  return items
    .map((item) => condition(binary(left, isIn ? '=' : '<>', item) as BinaryOperationNode, place))
    .reduce(isIn ? either : both);
};

/** Membership in the rows of a subquery, whose columns cannot be converted from outside. */
const amongRows = (node: BinaryOperationNode, operator: 'in' | 'not in', place: Place): OperationNode => {
  const { leftOperand: left, rightOperand: right } = node;
  const query = unwrapped(right);
  if (!isStatement(query)) return place.children(node);
  const outputs = outputsOf(query, place.scope);
  let isPossible = true;
  const operand = (given: OperationNode, of: Meaning | undefined): OperationNode => {
    if (of?.kind === 'json') throw noOrder(`${operator} (a subquery)`);
    const literal = literalOf(given);
    if (literal && of) {
      const against = comparand(of, literal.value);
      if (against.form !== 'exact') isPossible = false;
      return against.form === 'exact' ? inFormOf(given, of, place) : given;
    }
    const own = certainMeaning(given, place.scope);
    const form = own && of && commonForm(own, of);
    if (own && of && !(form && (isWrittenAs(of, form) || numbers.has(of.kind))))
      throw mixed(comparison, [own.kind, of.kind]);
    return inFormOf(given, formOfSide(own, form), place);
  };
  const rewritten = TupleNode.is(left)
    ? TupleNode.create(left.values.map((each, at) => operand(each, outputs[at]?.meaning)))
    : operand(left, outputs[0]?.meaning);
  return isPossible ? binary(rewritten, operator, place.rewrite(right)) : constant(operator === 'not in');
};

/** The forms of the elements of tuples, by their position. */
const formsOf = (tuples: readonly TupleNode[], place: Place): readonly (Meaning | undefined)[] =>
  (tuples[0]?.values ?? []).map((_, at) => {
    const elements = tuples.flatMap(({ values }) => values[at] ?? []).filter((each) => !literalOf(each));
    const form = formBeside(elements, place.scope, comparison);
    if (form?.kind === 'json') throw noOrder('a tuple');
    return form;
  });

/** A tuple whose elements have these forms; `undefined` if one of them never has. */
const tupleOf = (
  { values }: TupleNode,
  forms: readonly (Meaning | undefined)[],
  place: Place,
): TupleNode | undefined => {
  const elements: OperationNode[] = [];
  for (const [at, element] of values.entries()) {
    const form = forms[at];
    const literal = literalOf(element);
    const against: Comparand | undefined =
      literal && isKnown(form, literal.value) ? comparand(form, literal.value) : undefined;
    if (against && against.form !== 'exact') return undefined;
    elements.push(
      against && form && literal
        ? encoded(form, against.value, place.parts, literal)
        : inFormOf(element, formOfSide(meaningOf(element, place.scope), form), place),
    );
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
  const forms = formsOf([left, right], place);
  const [one, other] = [left, right].map((each) => tupleOf(each, forms, place));
  if (!one || !other) throw mixed('A comparison of tuples', ['a column', 'a literal that it never has']);
  return binary(one, operator, other);
};

const tupleMembership = (
  left: TupleNode,
  operator: 'in' | 'not in',
  items: readonly OperationNode[],
  place: Place,
): OperationNode => {
  const given = items.filter(TupleNode.is);
  if (given.length < items.length)
    return binary(place.rewrite(left), operator, ValueListNode.create(items.map(place.rewrite)));
  const forms = formsOf([left, ...given], place);
  const kept = given.flatMap((item) => tupleOf(item, forms, place) ?? []);
  const operand = tupleOf(left, forms, place);
  if (kept.length === 0 || !operand) return constant(operator === 'not in');
  const list = place.parts.answers.tuplesAreValues
    ? raw(['(', ')'], ValuesNode.create(kept.map(({ values }) => ValueListNode.create(values))))
    : ValueListNode.create(kept);
  return binary(operand, operator, list);
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

import { type BinaryOperationNode, type OperationNode, TupleNode, ValueListNode, ValuesNode } from 'kysely';
import { raw } from '../engines/raw-node.js';
import { comparison, encoded, formBeside, inFormOf, mixed } from './beside.js';
import { commonForm, isWrittenAs } from './common-form.js';
import { formOfSide, isKnown, itemsOf, literalOf } from './comparands.js';
import { numbers } from './computed.js';
import { jsonMembership, noOrder } from './json-comparisons.js';
import { type Comparand, comparand } from './literals.js';
import { certainMeaning, isStatement, meaningOf, outputsOf } from './meaning.js';
import { binary, both, constant, either, neverEqual, parameters } from './nodes.js';
import { operatorOf } from './operators.js';
import type { Place } from './place.js';
import { isLiteral } from './result-literals.js';
import type { Meaning } from './scope.js';
import { unwrapped } from './unwrapped.js';

/** Rewrites IN: with a list, with tuples, or with a subquery. @throws AshlarError `usage` for kinds without a common form */
export const membership = (
  node: BinaryOperationNode,
  operator: 'in' | 'not in',
  place: Place,
): OperationNode => {
  const { leftOperand: left } = node;
  const items = itemsOf(node.rightOperand);
  if (!items) return amongRows(node, operator, place);
  if (items.length === 0) return constant(operator === 'not in');
  if (TupleNode.is(left)) return tupleMembership(left, operator, items, place);
  const expressions = items.filter((item) => !literalOf(item));
  if (literalOf(left) && expressions.length > 0) return oneOf(left, operator, items, place);
  const meaning = formBeside([left, ...expressions], place.scope, comparison);
  if (meaning?.kind === 'json') return jsonMembership(left, operator, items, meaning, place);
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
    .map((item) => place.rewrite(binary(left, isIn ? '=' : '<>', item)))
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

/** Rewrites a comparison of two tuples. @throws AshlarError `usage` for kinds without a common form */
export const tuples = (
  node: BinaryOperationNode,
  left: TupleNode,
  right: TupleNode,
  place: Place,
): OperationNode => {
  const operator = operatorOf(node);
  if (operator === '=' && left.values.length === right.values.length) {
    const pairs = left.values.map((each, at) =>
      place.rewrite(binary(each, '=', right.values[at] as OperationNode)),
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

import {
  type AggregateFunctionNode,
  type CaseNode,
  type FunctionNode,
  type OperationNode,
  ParensNode,
  ValueNode,
  WhenNode,
} from 'kysely';
import { raw } from '../engines/raw-node.js';
import { inOrder, ofText } from './as-text.js';
import { formBeside, inFormOf } from './beside.js';
import { noArrayOrder } from './json-comparisons.js';
import { matchesFunction, matchParts } from './matches.js';
import { meaningOf } from './meaning.js';
import { nestedNode } from './nested-node.js';
import { binary } from './nodes.js';
import { isExtreme, nestedFunctions, takesText } from './operators.js';
import type { Place } from './place.js';
import { noExtreme, refuseArgument } from './refused-arguments.js';
import { isFirstOf, isValue } from './result-literals.js';

/**
 * Rewrites a call of a function so that every engine gives the same result.
 *
 * @throws AshlarError `usage` for arguments of a kind that the function does not take, or without a common form
 */
export function functionOf(node: FunctionNode, place: Place): OperationNode {
  const { func, arguments: given } = node;
  if (func === matchesFunction) return matchesOf(node, place);
  if (isFirstOf(func)) return inFormOf(node, formBeside([node], place.scope, func), place);
  if (isExtreme(func)) return extremeOf(node, place);
  if (/^nullif$/i.test(func)) return nullIf(node, place);
  const kind = given[0] && meaningOf(given[0], place.scope)?.kind;
  if (kind) refuseArgument(func.toLowerCase(), kind);
  const rewritten = place.children(node) as FunctionNode;
  if (takesText(func)) return ofText(node, rewritten, place);
  const [query] = rewritten.arguments;
  const isNested = func === nestedFunctions.many || func === nestedFunctions.one;
  return isNested && query
    ? nestedNode(query, meaningOf(node, place.scope)?.rows, place.parts.answers)
    : rewritten;
}

const matchesOf = (node: FunctionNode, { parts }: Place): OperationNode => {
  const words = matchParts(node);
  return words ? parts.answers.matches(words) : raw(['(1 = 0)']);
};

const extremeOf = ({ func, arguments: given }: FunctionNode, place: Place): OperationNode => {
  const form = formBeside(given, place.scope, func);
  if (form?.kind === 'json') throw noExtreme(func);
  if (form?.kind === 'array') throw noArrayOrder(func);
  const { answers } = place.parts;
  const [first, ...others] = given.map((each) => inFormOf(each, form, place));
  const values = first ? [inOrder(first, form, answers), ...others] : [];
  return answers.extreme(/^greatest$/i.test(func), values);
};

// compares as `=` does, whose operands get a common form
const nullIf = (node: FunctionNode, place: Place): OperationNode => {
  const [one, other] = node.arguments;
  if (!one || !other || isValue(one)) return place.children(node);
  const when = { ...WhenNode.create(binary(one, '=', other)), result: ValueNode.createImmediate(null) };
  return ParensNode.create(place.rewrite({ kind: 'CaseNode', when: [when], else: one } as CaseNode));
};

/**
 * Returns LAG or LEAD whose default has the form of the values; any other aggregate as it is.
 *
 * @throws AshlarError `usage` for a default of another kind
 */
export function withDefault(
  given: AggregateFunctionNode,
  rewritten: AggregateFunctionNode,
  place: Place,
): AggregateFunctionNode {
  const [value, offset, otherwise] = given.aggregated;
  if (!/^(lag|lead)$/i.test(given.func) || !value || !offset || !otherwise) return rewritten;
  const form = formBeside([value, otherwise], place.scope, given.func);
  return {
    ...rewritten,
    aggregated: [inFormOf(value, form, place), place.rewrite(offset), inFormOf(otherwise, form, place)],
  };
}

import {
  AliasNode,
  type BinaryOperationNode,
  ColumnNode,
  type FunctionNode,
  type OperationNode,
  ReferenceNode,
  type SelectQueryNode,
  ValueNode,
} from 'kysely';
import type { QueryAnswers } from '../contract/answers.js';
import { AshlarError } from '../errors.js';
import { inFormOf } from './beside.js';
import { meaningOf } from './meaning.js';
import { binary, cast, parameter } from './nodes.js';
import type { Place } from './place.js';
import { isLiteral, isValue } from './result-literals.js';
import type { Meaning, Scope } from './scope.js';
import { unwrapped } from './unwrapped.js';

/** Returns an expression as text, in the same form on every engine, if the tree knows that it is something else. */
export function asText(
  node: OperationNode,
  meaning: Meaning | undefined,
  answers: QueryAnswers,
): OperationNode {
  return meaning && meaning.kind !== 'text' ? cast(answers.asText(node, meaning) ?? node, 'text') : node;
}

/**
 * Rewrites `||`: two operands of JSON are merged, all bytes stay bytes, and everything else becomes text. A literal beside
 * JSON is JSON.
 */
export function concatenation(node: BinaryOperationNode, place: Place): OperationNode {
  const { leftOperand: left, rightOperand: right } = node;
  const { answers } = place.parts;
  const meanings = [meaningOf(left, place.scope), meaningOf(right, place.scope)];
  const json = meanings.find((meaning) => meaning?.kind === 'json');
  if (json && [left, right].every((each, at) => isValue(each) || meanings[at]?.kind === 'json'))
    return answers.mergedJson(inFormOf(left, json, place), inFormOf(right, json, place));
  const isBytes = meanings.every((meaning) => meaning?.kind === 'bytes');
  const side = (operand: OperationNode, meaning: Meaning | undefined): OperationNode => {
    const value = isValue(operand) ? operand.value : undefined;
    if (['number', 'boolean', 'bigint'].includes(typeof value)) return parameter(String(value));
    const rewritten = place.rewrite(operand);
    return isBytes ? rewritten : asText(rewritten, meaning, answers);
  };
  const joined = binary(side(left, meanings[0]), '||', side(right, meanings[1]));
  return (isBytes ? answers.asBytes(joined) : undefined) ?? joined;
}

/** Returns an expression with the order and the letters of a column of text, where it is text that is computed. */
export function inOrder(
  node: OperationNode,
  meaning: Pick<Meaning, 'kind'> | undefined,
  answers: QueryAnswers,
): OperationNode {
  const isColumn = ReferenceNode.is(node) || ColumnNode.is(node);
  return meaning?.kind === 'text' && !isColumn ? answers.byCodePoint(node) : node;
}

/** Returns a query whose computed texts have the order of a column of text, so that ORDER BY may name them by their alias. */
export function inOrderOfText(
  rewritten: SelectQueryNode,
  given: SelectQueryNode,
  scope: Scope,
  answers: QueryAnswers,
): SelectQueryNode {
  const selections = rewritten.selections?.map((each, at) => {
    const { selection } = each;
    const was = given.selections?.[at]?.selection;
    if (!AliasNode.is(selection) || !was || !AliasNode.is(was) || ValueNode.is(unwrapped(was.node)))
      return each;
    const node = inOrder(selection.node, meaningOf(was.node, scope), answers);
    return node === selection.node ? each : { ...each, selection: { ...selection, node } };
  });
  return selections ? { ...rewritten, selections } : rewritten;
}

/** Rewrites a function of text: arguments that are not text become it, unless the first one is bytes. */
export function ofText(given: FunctionNode, rewritten: FunctionNode, place: Place): FunctionNode {
  const { answers } = place.parts;
  if (/^substr/i.test(given.func)) refuseNegative(given);
  // PostgreSQL derives no type from concat, and writes booleans as t and f there
  const literal = (each: ValueNode): OperationNode =>
    /^concat$/i.test(given.func) && isValue(each)
      ? answers.typed(parameter(String(each.value)), { kind: 'text' })
      : each;
  // the other arguments of substr are numbers
  const last = /^(substr|substring|length)$/i.test(given.func) ? 1 : given.arguments.length;
  const meanings = given.arguments.slice(0, last).map((each) => meaningOf(each, place.scope));
  if (meanings[0]?.kind === 'bytes' && given.func.toLowerCase() !== 'concat') return rewritten;
  return {
    ...rewritten,
    arguments: rewritten.arguments.map((each, at) => {
      if (at >= last) return ValueNode.is(unwrapped(each)) ? each : answers.asPosition(each);
      const text = isLiteral(each) ? literal(each) : asText(each, meanings[at], answers);
      return at === 0 && /^(lower|upper)$/i.test(given.func)
        ? inOrder(text, { kind: 'text' }, answers)
        : text;
    }),
  };
}

const refuseNegative = ({ func, arguments: [, ...numbers] }: FunctionNode): void => {
  if (numbers.every((each) => !ValueNode.is(each) || !(Number(each.value) < 0))) return;
  throw new AshlarError('usage', {
    message: `${func} is given a negative number.`,
    detail: 'SQLite counts it from the end of the text, and PostgreSQL from before its beginning.',
    suggestion: 'Give a position from 1 and a length from 0.',
  });
};

import type { BinaryOperationNode, FunctionNode, OperationNode } from 'kysely';
import type { QueryAnswers } from '../contract/answers.js';
import { meaningOf } from './meaning.js';
import { binary, cast, parameter } from './nodes.js';
import type { Place } from './place.js';
import { isLiteral } from './result-literals.js';
import type { Meaning } from './scope.js';

/** Returns an expression as text, in the same form on every engine, if the tree knows that it is something else. */
export function asText(
  node: OperationNode,
  meaning: Meaning | undefined,
  answers: QueryAnswers,
): OperationNode {
  return meaning && meaning.kind !== 'text' ? cast(answers.asText(node, meaning) ?? node, 'text') : node;
}

/** Rewrites `||`: operands that are not text become it, unless they are JSON or all bytes. */
export function concatenation(node: BinaryOperationNode, place: Place): OperationNode {
  const { leftOperand: left, rightOperand: right } = node;
  const { answers } = place.parts;
  const meanings = [meaningOf(left, place.scope), meaningOf(right, place.scope)];
  const isBytes = meanings.every((meaning) => meaning?.kind === 'bytes');
  const isAsGiven = isBytes || meanings.some((meaning) => meaning?.kind === 'json');
  const side = (operand: OperationNode, meaning: Meaning | undefined): OperationNode => {
    const value = isLiteral(operand) ? operand.value : undefined;
    if (['number', 'boolean', 'bigint'].includes(typeof value)) return parameter(String(value));
    const rewritten = place.rewrite(operand);
    return isAsGiven ? rewritten : asText(rewritten, meaning, answers);
  };
  const joined = binary(side(left, meanings[0]), '||', side(right, meanings[1]));
  return (isBytes ? answers.asBytes(joined) : undefined) ?? joined;
}

/** Rewrites a function of text: arguments that are not text become it, unless the first one is bytes. */
export function ofText(given: FunctionNode, rewritten: FunctionNode, place: Place): FunctionNode {
  // the other arguments of substr are numbers
  const last = /^(substr|substring|length)$/i.test(given.func) ? 1 : given.arguments.length;
  const meanings = given.arguments.slice(0, last).map((each) => meaningOf(each, place.scope));
  if (meanings[0]?.kind === 'bytes' && given.func.toLowerCase() !== 'concat') return rewritten;
  return {
    ...rewritten,
    arguments: rewritten.arguments.map((each, at) =>
      isLiteral(each) ? each : asText(each, meanings[at], place.parts.answers),
    ),
  };
}

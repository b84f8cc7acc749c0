import type { BinaryOperationNode, OperationNode } from 'kysely';
import type { QueryAnswers } from '../contract/answers.js';
import type { ColumnKind } from '../contract/column.js';
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
  const isOf = (kind: ColumnKind, all: boolean): boolean =>
    meanings[all ? 'every' : 'some']((meaning) => meaning?.kind === kind);
  const side = (operand: OperationNode, meaning: Meaning | undefined): OperationNode => {
    const value = isLiteral(operand) ? operand.value : undefined;
    if (['number', 'boolean', 'bigint'].includes(typeof value)) return parameter(String(value));
    const rewritten = place.rewrite(operand);
    return isOf('json', false) || isOf('bytes', true) ? rewritten : asText(rewritten, meaning, answers);
  };
  const joined = binary(side(left, meanings[0]), '||', side(right, meanings[1]));
  return (isOf('bytes', true) ? answers.asBytes(joined) : undefined) ?? joined;
}

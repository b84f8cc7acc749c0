import {
  type AggregateFunctionNode,
  type BinaryOperationNode,
  type CastNode,
  type FunctionNode,
  type OperationNode,
  ValueNode,
} from 'kysely';
import type { DecimalDigits } from '../contract/column.js';
import { AshlarError } from '../errors.js';
import { formBeside } from './beside.js';
import { meaningOf } from './meaning.js';
import { comparisons, isExtreme, operatorOf } from './operators.js';
import { isFirstOf } from './result-literals.js';
import type { Scope } from './scope.js';

type Refuse = (node: never, scope: Scope) => void;

const aggregates: ReadonlySet<string> = new Set(['sum', 'min', 'max', 'count']);

const digitsOf = (node: OperationNode, scope: Scope): DecimalDigits | undefined => {
  const meaning = meaningOf(node, scope);
  return meaning?.kind === 'decimal' ? meaning.digits : undefined;
};

const isWhole = (node: OperationNode, scope: Scope): boolean => {
  if (ValueNode.is(node)) return typeof node.value === 'bigint' || Number.isSafeInteger(node.value);
  const kind = meaningOf(node, scope)?.kind;
  return kind === 'integer' || kind === 'bigint';
};

const refuseOperation: Refuse = (node: BinaryOperationNode, scope) => {
  const operator = operatorOf(node);
  if (comparisons.has(operator)) return;
  const { leftOperand: left, rightOperand: right } = node;
  const [one, other] = [digitsOf(left, scope), digitsOf(right, scope)];
  if (!one && !other) return;
  if (operator === '+' || operator === '-') formBeside([left, right], scope, operator);
  else if (operator === '*') {
    if (!isWhole(one ? right : left, scope))
      throw refused('A decimal is multiplied by something else than a whole number.');
  } else throw refused(`Decimals have no operator ${operator}.`);
};

const refusals: Partial<Record<OperationNode['kind'], Refuse>> = {
  BinaryOperationNode: refuseOperation,
  CastNode: (node: CastNode, scope) => {
    if (digitsOf(node.expression, scope)) throw refused('A decimal is cast.');
  },
  FunctionNode: (node: FunctionNode, scope) => {
    if (isFirstOf(node.func) || isExtreme(node.func) || /^nullif$/i.test(node.func)) return;
    if (node.arguments.some((each) => digitsOf(each, scope) && each.kind !== 'SelectQueryNode'))
      throw refused(`${node.func} takes a decimal.`);
  },
  AggregateFunctionNode: (node: AggregateFunctionNode, scope) => {
    if (!aggregates.has(node.func.toLowerCase()) && node.aggregated.some((each) => digitsOf(each, scope)))
      throw refused(`${node.func} takes a decimal.`);
  },
};

/**
 * Refuses what engines would compute of decimals in different ways: SQLite holds them as scaled integers.
 *
 * @throws AshlarError `usage`
 */
export function refuseDecimals(node: OperationNode, scope: Scope): void {
  refusals[node.kind]?.(node as never, scope);
}

const refused = (message: string): AshlarError =>
  new AshlarError('usage', {
    message,
    detail: 'SQLite holds decimals as scaled integers, so that engines would give different results.',
    suggestion: 'Use sum, min, max, coalesce, CASE, + and - with one scale, and * by a whole number.',
  });

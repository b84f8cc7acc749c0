import {
  type AggregateFunctionNode,
  AndNode,
  type BinaryOperationNode,
  type CaseNode,
  type CastNode,
  type FunctionNode,
  type OperationNode,
  ParensNode,
  PrimitiveValueListNode,
  type SelectQueryNode,
  TupleNode,
  ValueListNode,
  ValueNode,
} from 'kysely';
import type { Column, DecimalDigits } from '../contract/column.js';
import { AshlarError } from '../errors.js';
import { comparand } from './literals.js';
import { comparisons, meaningOf, operatorOf, outputsOf } from './meaning.js';
import { isReady } from './nodes.js';
import { isFirstOf, resultsOfCase } from './result-literals.js';
import type { Meaning, Scope } from './scope.js';
import { unwrapped } from './unwrapped.js';

type Refuse = (node: never, scope: Scope) => void;

const aggregates: ReadonlySet<string> = new Set(['sum', 'min', 'max', 'count']);

const digitsOf = (node: OperationNode, scope: Scope): DecimalDigits | undefined => {
  const meaning = meaningOf(node, scope);
  return meaning?.kind === 'decimal' ? meaning.digits : undefined;
};

/** What may stand beside a decimal: in a comparison also what no decimal equals, and raw SQL. */
type Beside = 'comparison' | 'result';

const suits = (given: OperationNode, digits: DecimalDigits, scope: Scope, as: Beside): boolean => {
  const node = unwrapped(given);
  const each = (part: OperationNode): boolean => suits(part, digits, scope, as);
  if (ValueNode.is(node)) return isReady(node) || node.value === null || isLiteralOf(node.value, digits, as);
  if (PrimitiveValueListNode.is(node)) return true;
  if (ValueListNode.is(node)) return node.values.every(each);
  if (AndNode.is(node)) return each(node.left) && each(node.right);
  if (ParensNode.is(node)) return each(node.node);
  const results = resultsOf(node);
  if (results) return results.every(each);
  const meaning = meaningOf(node, scope);
  if (!meaning) return as === 'comparison';
  return meaning.kind === 'decimal' && meaning.digits?.scale === digits.scale;
};

const isLiteralOf = (value: unknown, digits: DecimalDigits, as: Beside): boolean =>
  as === 'comparison' ||
  comparand({ kind: 'decimal', nullable: false, precision: undefined, codec: undefined, digits }, value)
    .form === 'exact';

const resultsOf = (node: OperationNode): readonly OperationNode[] | undefined => {
  if (node.kind === 'CaseNode') return resultsOfCase(node as CaseNode);
  return node.kind === 'FunctionNode' && isFirstOf((node as FunctionNode).func)
    ? (node as FunctionNode).arguments
    : undefined;
};

const refuseResults = (results: readonly OperationNode[], scope: Scope): void => {
  const digits = results.map((each) => digitsOf(each, scope)).find((each) => each !== undefined);
  if (digits && !results.every((each) => suits(each, digits, scope, 'result')))
    throw mixed('coalesce or CASE returns');
};

const refusePair = (left: OperationNode, right: OperationNode, scope: Scope): void => {
  if (TupleNode.is(left)) {
    const others = ValueListNode.is(right) ? right.values : [right];
    for (const other of others)
      if (TupleNode.is(other))
        for (const [at, one] of left.values.entries()) refusePair(one, other.values[at] ?? one, scope);
    return;
  }
  const digits = digitsOf(left, scope) ?? digitsOf(right, scope);
  if (!digits) return;
  if (!suits(left, digits, scope, 'comparison') || !suits(right, digits, scope, 'comparison'))
    throw mixed('a comparison has');
};

const isWhole = (node: OperationNode, scope: Scope): boolean => {
  if (ValueNode.is(node)) return typeof node.value === 'bigint' || Number.isSafeInteger(node.value);
  const kind = meaningOf(node, scope)?.kind;
  return kind === 'integer' || kind === 'bigint';
};

const refuseOperation: Refuse = (node: BinaryOperationNode, scope) => {
  const operator = operatorOf(node);
  const { leftOperand: left, rightOperand: right } = node;
  if (comparisons.has(operator)) return refusePair(left, right, scope);
  const [one, other] = [digitsOf(left, scope), digitsOf(right, scope)];
  const digits = one ?? other;
  if (!digits) return;
  if (operator === '+' || operator === '-') {
    if (![left, right].every((side) => suits(side, digits, scope, 'result'))) throw mixed(`${operator} has`);
  } else if (operator === '*') {
    if (!isWhole(one ? right : left, scope))
      throw refused('A decimal is multiplied by something else than a whole number.');
  } else throw refused(`Decimals have no operator ${operator}.`);
};

const refusals: Partial<Record<OperationNode['kind'], Refuse>> = {
  BinaryOperationNode: refuseOperation,
  CaseNode: (node: CaseNode, scope) => {
    if (node.value && digitsOf(node.value, scope)) throw refused('A simple CASE compares a decimal.');
    refuseResults(resultsOfCase(node), scope);
  },
  CastNode: (node: CastNode, scope) => {
    if (digitsOf(node.expression, scope)) throw refused('A decimal is cast.');
  },
  FunctionNode: (node: FunctionNode, scope) => {
    if (isFirstOf(node.func)) return refuseResults(node.arguments, scope);
    if (node.arguments.some((each) => digitsOf(each, scope) && each.kind !== 'SelectQueryNode'))
      throw refused(`${node.func} takes a decimal.`);
  },
  AggregateFunctionNode: (node: AggregateFunctionNode, scope) => {
    if (!aggregates.has(node.func.toLowerCase()) && node.aggregated.some((each) => digitsOf(each, scope)))
      throw refused(`${node.func} takes a decimal.`);
  },
  SelectQueryNode: (node: SelectQueryNode, scope) => {
    const first = node.setOperations ? outputsOf({ ...node, setOperations: [] } as never, scope) : [];
    for (const { expression } of node.setOperations ?? [])
      for (const [at, { meaning }] of outputsOf(expression, scope).entries()) {
        const [one, other] = [first[at]?.meaning, meaning];
        if (one?.kind !== 'decimal' && other?.kind !== 'decimal') continue;
        if (one?.digits?.scale !== other?.digits?.scale) throw mixed('a set operation has');
      }
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

/**
 * Refuses a value of another scale or kind for a decimal column, and a decimal for another column.
 *
 * @throws AshlarError `usage`
 */
export function refuseMeaning(column: Pick<Column, 'digits'>, meaning: Meaning): void {
  if (column.digits?.scale !== meaning.digits?.scale) throw mixed('an assignment has');
}

const mixed = (where: string): AshlarError =>
  refused(`${where[0]?.toUpperCase()}${where.slice(1)} decimals beside values of another kind or scale.`);

const refused = (message: string): AshlarError =>
  new AshlarError('usage', {
    message,
    detail: 'SQLite holds decimals as scaled integers, so that engines would give different results.',
    suggestion: 'Use sum, min, max, coalesce, CASE, + and - with one scale, and * by a whole number.',
  });

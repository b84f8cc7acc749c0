import {
  type CaseNode,
  type FunctionNode,
  type OperationNode,
  ParensNode,
  ValueNode,
  type WhenNode,
} from 'kysely';
import { binary, isReady } from './nodes.js';
import { unwrapped } from './unwrapped.js';

/** How the parts of an expression are rewritten: the literals that it can return, and everything else. */
export interface ResultRewriting {
  literal(value: unknown, node: ValueNode): OperationNode;
  /** An expression that can be the result; by default as every other part. */
  result?(node: OperationNode): OperationNode;
  other(node: OperationNode): OperationNode;
}

/** Returns whether a node is a literal of the application, and not one that a rewriting has made. */
export function isLiteral(node: OperationNode): node is ValueNode {
  return ValueNode.is(node) && !node.immediate;
}

/**
 * Returns whether a node is a value of the application that can take the form of a column: a parameter, or a literal
 * within the SQL (`eb.lit`, and the numbers and booleans of a CASE). NULL has every form.
 */
export function isValue(node: OperationNode): node is ValueNode {
  return ValueNode.is(node) && !isReady(node) && node.value !== null && node.value !== undefined;
}

/**
 * Rewrites an expression whose value is stored in a column, or compared with one: the literals that it can return
 * (itself, the results of CASE, the arguments of `coalesce`) get the form of that column.
 */
export function withResults(node: OperationNode, rewriting: ResultRewriting): OperationNode {
  const again = (part: OperationNode): OperationNode => withResults(part, rewriting);
  const result = (part: OperationNode): OperationNode => (rewriting.result ?? rewriting.other)(part);
  switch (node.kind) {
    case 'ValueNode':
      return isValue(node) ? rewriting.literal(node.value, node) : result(node);
    case 'ParensNode':
      return { ...node, node: again((node as ParensNode).node) } as ParensNode;
    case 'CaseNode': {
      const given = searched(node as CaseNode);
      const { when, else: otherwise } = given;
      return {
        ...given,
        when: when?.map((each) => ({
          ...each,
          condition: rewriting.other(each.condition),
          ...(each.result && { result: again(each.result) }),
        })),
        ...(otherwise && { else: again(otherwise) }),
      } as CaseNode;
    }
    case 'FunctionNode': {
      const call = node as FunctionNode;
      return isFirstOf(call.func)
        ? ({ ...call, arguments: call.arguments.map(again) } as FunctionNode)
        : result(node);
    }
    default:
      return result(node);
  }
}

/** Returns whether a function returns the first of its arguments that is not NULL. */
export function isFirstOf(name: string): boolean {
  return /^(coalesce|ifnull)$/i.test(name);
}

/** The expressions of which a CASE returns one. */
export function resultsOfCase({ when, else: otherwise }: CaseNode): readonly OperationNode[] {
  const results = when?.flatMap(({ result }: WhenNode) => result ?? []) ?? [];
  return otherwise ? [...results, otherwise] : results;
}

/** The expressions whose value an expression can return unchanged: itself, or those of CASE and `coalesce`. */
export function resultsIn(given: OperationNode): readonly OperationNode[] {
  const node = unwrapped(given);
  // a value of raw SQL has the form that its author gave it
  if (ValueNode.is(node)) return [given];
  if (node.kind === 'ParensNode') return resultsIn((node as ParensNode).node);
  if (node.kind === 'CaseNode') return resultsOfCase(node as CaseNode).flatMap(resultsIn);
  if (node.kind === 'FunctionNode' && isFirstOf((node as FunctionNode).func))
    return (node as FunctionNode).arguments.flatMap(resultsIn);
  return [node];
}

// `CASE x WHEN y` compares as `CASE WHEN x = y` does
const searched = (node: CaseNode): CaseNode => {
  const { value, when, ...rest } = node;
  if (!value) return node;
  const compared = operand(value);
  return {
    ...rest,
    when: when?.map((each) => ({ ...each, condition: binary(compared, '=', operand(each.condition)) })),
  } as CaseNode;
};

// `a = b > 1` compares something else than the whole expression
const operand = (node: OperationNode): OperationNode =>
  ['ReferenceNode', 'ColumnNode', 'ParensNode', 'ValueNode', 'RawNode', 'SelectQueryNode'].includes(node.kind)
    ? node
    : ParensNode.create(node);

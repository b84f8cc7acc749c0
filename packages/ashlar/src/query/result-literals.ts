import {
  type CaseNode,
  type FunctionNode,
  type OperationNode,
  type ParensNode,
  ValueNode,
  type WhenNode,
} from 'kysely';
import { isReady } from './nodes.js';

/** How the parts of an expression are rewritten: the literals that it can return, and everything else. */
export interface ResultRewriting {
  literal(value: unknown): OperationNode;
  /** An expression that can be the result; by default as every other part. */
  result?(node: OperationNode): OperationNode;
  other(node: OperationNode): OperationNode;
}

/** Returns whether a node is a literal of the application, and not one that a rewriting has made. */
export function isLiteral(node: OperationNode): node is ValueNode {
  return ValueNode.is(node) && !node.immediate;
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
      return isLiteral(node) && !isReady(node) && node.value !== null && node.value !== undefined
        ? rewriting.literal(node.value)
        : result(node);
    case 'ParensNode':
      return { ...node, node: again((node as ParensNode).node) } as ParensNode;
    case 'CaseNode': {
      const { value, when, else: otherwise } = node as CaseNode;
      return {
        ...node,
        ...(value && { value: rewriting.other(value) }),
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

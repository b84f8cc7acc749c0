import { type OperationNode, RawNode } from 'kysely';

/** Returns the expression inside a node that only wraps it: `sql.ref('x')` is a raw node around a reference. */
export function unwrapped(node: OperationNode): OperationNode {
  if (!RawNode.is(node)) return node;
  const [only, ...others] = node.parameters;
  return only && others.length === 0 && node.sqlFragments.every((text) => text === '')
    ? unwrapped(only)
    : node;
}

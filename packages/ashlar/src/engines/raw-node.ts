import { type OperationNode, RawNode } from 'kysely';

/** Returns raw SQL around nodes: one text more than nodes. */
export function raw(texts: readonly string[], ...nodes: readonly OperationNode[]): OperationNode {
  return RawNode.create([...texts], [...nodes]);
}

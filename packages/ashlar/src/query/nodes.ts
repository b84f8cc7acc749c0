import {
  AndNode,
  BinaryOperationNode,
  CastNode,
  DataTypeNode,
  type OperationNode,
  OperatorNode,
  OrNode,
  ParensNode,
  type PrimitiveValueListNode,
  ValueNode,
} from 'kysely';

/** Operators that {@link binary} can write. */
type Operator = Parameters<typeof OperatorNode.create>[0];

/** Returns an operation with two operands. */
export function binary(left: OperationNode, operator: string, right: OperationNode): OperationNode {
  return BinaryOperationNode.create(left, OperatorNode.create(operator as Operator), right);
}

// on the node itself: a WeakSet of every literal would cost more than the rewriting
const ready = Symbol('rewritten');

/** Returns a parameter whose value has the form that the engine takes; {@link isReady} knows it. */
export function parameter(value: unknown): ValueNode {
  return markReady({ kind: 'ValueNode', value });
}

/** Returns a literal within the SQL whose value has the form that the engine takes; {@link isReady} knows it. */
export function immediately(value: unknown): ValueNode {
  return markReady({ kind: 'ValueNode', value, immediate: true });
}

/** Returns a list of parameters whose values have the form that the engine takes; {@link isReady} knows it. */
export function parameters(values: readonly unknown[]): PrimitiveValueListNode {
  return markReady({ kind: 'PrimitiveValueListNode', values });
}

/** Marks a new node that needs no further rewriting. */
export function markReady<Node extends OperationNode>(node: Node): Node {
  (node as { [ready]?: true })[ready] = true;
  return node;
}

/** Returns whether a node needs no further rewriting: a builder inside another one is rewritten twice. */
export function isReady(node: OperationNode): boolean {
  return ready in node;
}

/** Returns a cast to a type of the engine. */
export function cast(
  node: OperationNode,
  type: 'bigint' | 'int8' | 'double precision' | 'boolean' | 'text' | 'bytea',
): OperationNode {
  return CastNode.create(node, DataTypeNode.create(type));
}

/** Returns `(one AND other)`. */
export function both(one: OperationNode, other: OperationNode): OperationNode {
  return ParensNode.create(AndNode.create(one, other));
}

/** Returns `(one OR other)`. */
export function either(one: OperationNode, other: OperationNode): OperationNode {
  return ParensNode.create(OrNode.create(one, other));
}

const nothing = ValueNode.createImmediate(null);
const one = ValueNode.createImmediate(1);

/** Returns a condition that is always true, or always false. */
export function constant(value: boolean): OperationNode {
  return binary(one, '=', ValueNode.createImmediate(value ? 1 : 0));
}

/** Returns what a comparison of `node` with a value that it never has is: NULL where `node` is NULL, else `equal`. */
export function neverEqual(node: OperationNode, equal: boolean): OperationNode {
  return equal
    ? either(binary(node, 'is not', nothing), nothing)
    : both(binary(node, 'is', nothing), nothing);
}

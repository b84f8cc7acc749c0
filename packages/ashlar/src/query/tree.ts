import type { OperationNode } from 'kysely';

type Fields = Record<string, unknown>;

/** Nodes without nodes in them that a rewriting could change; values may be objects that only look like nodes. */
export const leaves: ReadonlySet<string> = new Set([
  ...['ValueNode', 'PrimitiveValueListNode', 'ReferenceNode', 'ColumnNode', 'TableNode', 'IdentifierNode'],
  ...['SchemableIdentifierNode', 'SelectAllNode', 'OperatorNode', 'DataTypeNode', 'DefaultInsertValueNode'],
  ...['JSONReferenceNode', 'CollateNode'],
]);

const isNode = (value: unknown): value is OperationNode =>
  typeof value === 'object' && value !== null && typeof (value as { kind?: unknown }).kind === 'string';

/** Returns a node with each of its parts mapped, or the node itself if no part changes. */
export const mapped = (
  node: OperationNode,
  map: (part: OperationNode) => OperationNode,
  except?: readonly string[],
): OperationNode => {
  let copy: Fields | undefined;
  for (const name of Object.keys(node)) {
    if (except?.includes(name)) continue;
    const part = (node as unknown as Fields)[name];
    const changed = Array.isArray(part) ? mappedList(part, map) : isNode(part) ? map(part) : part;
    if (changed === part) continue;
    copy ??= { ...node };
    copy[name] = changed;
  }
  return (copy as OperationNode | undefined) ?? node;
};

const mappedList = (
  list: readonly unknown[],
  map: (part: OperationNode) => OperationNode,
): readonly unknown[] => {
  let copy: unknown[] | undefined;
  for (const [at, part] of list.entries()) {
    const changed = isNode(part) ? map(part) : part;
    if (changed === part) continue;
    copy ??= [...list];
    copy[at] = changed;
  }
  return copy ?? list;
};

const isSame = (one: unknown, other: unknown): boolean =>
  one === other ||
  (Array.isArray(one) &&
    Array.isArray(other) &&
    one.length === other.length &&
    one.every((part, at) => part === other[at]));

/** Returns a node with other parts, or the node itself if they are the same; a part that is undefined stays. */
export const withParts = <Node extends OperationNode>(node: Node, given: Fields): Node => {
  const changed = Object.entries(given).filter(
    ([name, part]) => part !== undefined && !isSame((node as unknown as Fields)[name], part),
  );
  return changed.length === 0 ? node : { ...node, ...Object.fromEntries(changed) };
};

/** Returns the nodes that are directly in a node. */
export const parts = (node: OperationNode): readonly OperationNode[] =>
  leaves.has(node.kind)
    ? []
    : Object.values(node)
        .flatMap((part) => (Array.isArray(part) ? part : [part]))
        .filter(isNode);

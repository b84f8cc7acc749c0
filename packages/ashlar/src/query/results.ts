import {
  AliasNode,
  type OperationNode,
  ReferenceNode,
  type SelectQueryNode,
  TableNode,
  ValueNode,
} from 'kysely';
import type { Output } from './meaning.js';
import { cast, parameter } from './nodes.js';
import type { Meaning } from './scope.js';

/** Returns whether the tree knows the kind of a result column, and the engine does not: it has no column of a table. */
export const isComputed = (output: Output): output is Output & { readonly meaning: Meaning } =>
  output.meaning !== undefined &&
  !(output.plain && output.meaning.column !== undefined && !output.meaning.ofView);

/**
 * Returns whether a statement selects anything but columns of tables that it names itself.
 *
 * @param isView - whether a name is that of a declared view
 */
export const needsKinds = (node: OperationNode, isView: (name: string) => boolean): boolean => {
  const {
    with: clause,
    setOperations,
    from,
    joins = [],
    selections = [],
    returning,
  } = node as unknown as {
    with?: unknown;
    setOperations?: readonly unknown[];
    from?: { froms: readonly OperationNode[] };
    joins?: readonly { table: OperationNode }[];
    selections?: readonly { selection: OperationNode }[];
    returning?: { selections: readonly { selection: OperationNode }[] };
  };
  if (clause || setOperations) return true;
  const isTable = (each: OperationNode): boolean => {
    const named = AliasNode.is(each) ? each.node : each;
    return TableNode.is(named) && !isView(named.table.identifier.name);
  };
  if (![...(from?.froms ?? []), ...joins.map(({ table }) => table)].every(isTable)) return true;
  return [...selections, ...(returning?.selections ?? [])].some(
    ({ selection }) => AliasNode.is(selection) && !ReferenceNode.is(selection.node),
  );
};

/** Casts the literals in a select list, where PostgreSQL would take a parameter for text. */
export const typedLiterals = (node: SelectQueryNode): SelectQueryNode => {
  const { selections } = node;
  if (!selections?.some(({ selection }) => AliasNode.is(selection) && ValueNode.is(selection.node)))
    return node;
  return {
    ...node,
    selections: selections.map((each) => {
      const { selection } = each;
      if (!AliasNode.is(selection) || !ValueNode.is(selection.node) || selection.node.immediate) return each;
      const { value } = selection.node;
      const type =
        typeof value === 'boolean'
          ? 'boolean'
          : typeof value === 'bigint'
            ? 'int8'
            : typeof value === 'number'
              ? Number.isSafeInteger(value)
                ? 'bigint'
                : 'double precision'
              : value instanceof Uint8Array
                ? 'bytea'
                : undefined;
      return type ? { ...each, selection: { ...selection, node: cast(parameter(value), type) } } : each;
    }),
  };
};

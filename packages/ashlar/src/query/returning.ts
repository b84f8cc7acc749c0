import {
  AliasNode,
  ColumnNode,
  IdentifierNode,
  type OperationNode,
  ReferenceNode,
  type ReturningNode,
  SelectAllNode,
  SelectionNode,
  TableNode,
} from 'kysely';
import { AshlarError } from '../errors.js';
import { isStatement } from './meaning.js';
import type { Scope } from './scope.js';
import { leaves, mapped, parts } from './tree.js';

interface Write {
  readonly table?: OperationNode;
  readonly from?: { readonly froms: readonly OperationNode[] };
  readonly returning?: ReturningNode;
}

/**
 * Rewrites the RETURNING of an UPDATE or a DELETE. SQLite has no `t.*` there, returns no columns of other tables, and
 * knows the table that is written by its own name only.
 *
 * @param scope - the names of the statement
 * @param knowsAlias - whether the engine knows the alias of the table in RETURNING
 * @throws AshlarError `usage` for columns of another table than the one that is written, and for a subquery that refers
 *   to the alias of the table
 */
export function rewrittenReturning<Node extends OperationNode>(
  node: Node,
  scope: Scope,
  knowsAlias: boolean,
): Node {
  const { table, from, returning } = node as Write;
  const written = table ?? from?.froms[0];
  const target = returning && sourceName(written);
  if (!returning || !written || target === undefined) return node;
  const isJoined = table !== undefined && from !== undefined;
  if (isJoined && readsOthers(returning, target, scope)) throw otherTable(target);
  const selections = returning.selections.flatMap((each) => expanded(each, target, scope));
  const expandedReturning = { ...returning, selections };
  if (!AliasNode.is(written)) return { ...node, returning: expandedReturning };
  if (subqueryRefersTo(returning, target)) throw aliasInSubquery(target);
  const own = knowsAlias ? undefined : sourceName(written.node);
  return {
    ...node,
    returning: own === undefined ? expandedReturning : renamed(expandedReturning, target, own),
  };
}

const sourceName = (node: OperationNode | undefined): string | undefined => {
  if (!node) return undefined;
  if (AliasNode.is(node)) return IdentifierNode.is(node.alias) ? node.alias.name : undefined;
  return TableNode.is(node) ? node.table.identifier.name : undefined;
};

const expanded = (node: SelectionNode, target: string, scope: Scope): readonly SelectionNode[] => {
  const { selection } = node;
  if (!ReferenceNode.is(selection) || !SelectAllNode.is(selection.column)) return [node];
  if (selection.table?.table.identifier.name !== target) return [node];
  const columns = [...scope.all(target)];
  if (columns.includes(undefined)) return [node];
  return columns.map((column) =>
    SelectionNode.create(
      ReferenceNode.create(ColumnNode.create(column?.[0] ?? ''), TableNode.create(target)),
    ),
  );
};

// a subquery in RETURNING has tables of its own
const readsOthers = (node: OperationNode, target: string, scope: Scope): boolean => {
  if (isStatement(node)) return false;
  if (SelectAllNode.is(node)) return true;
  if (ColumnNode.is(node)) return !isOf(target, node.column.name, scope);
  if (ReferenceNode.is(node)) {
    const table = node.table?.table.identifier.name;
    if (table !== undefined) return table !== target;
    return readsOthers(node.column, target, scope);
  }
  return parts(node).some((part) => readsOthers(part, target, scope));
};

const isOf = (target: string, name: string, scope: Scope): boolean =>
  [...scope.all(target)].some((column) => column === undefined || column[0] === name);

const subqueryRefersTo = (node: OperationNode, alias: string, inside = false): boolean => {
  if (ReferenceNode.is(node)) return inside && node.table?.table.identifier.name === alias;
  return parts(node).some((part) => subqueryRefersTo(part, alias, inside || isStatement(node)));
};

const renamed = <Node extends OperationNode>(node: Node, alias: string, own: string): Node => {
  if (ReferenceNode.is(node) && node.table?.table.identifier.name === alias)
    return { ...node, table: TableNode.create(own) };
  return leaves.has(node.kind) || isStatement(node)
    ? node
    : (mapped(node, (part) => renamed(part, alias, own)) as Node);
};

const aliasInSubquery = (alias: string): AshlarError =>
  new AshlarError('usage', {
    message: `A subquery of RETURNING refers to the alias ${alias}.`,
    detail:
      'SQLite knows the written table by its own name there, which the subquery may use for another row.',
    suggestion: 'Write the table without an alias, and give the tables of the subquery one.',
  });

const otherTable = (target: string): AshlarError =>
  new AshlarError('usage', {
    message: `RETURNING has columns of another table than ${target}.`,
    detail: 'SQLite returns only columns of the table that is written.',
    suggestion: `Return columns of ${target}, all of them with returningAll('${target}'); read the others with a query of their own.`,
  });

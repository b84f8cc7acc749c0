import { ColumnNode, type OperationNode, RawNode, ReferenceNode } from 'kysely';
import { meaningOf, type Output } from './meaning.js';
import type { Meaning, Scope } from './scope.js';
import { unwrapped } from './unwrapped.js';

/** Returns the direction of an ORDER BY item; `undefined` if it is raw SQL that says more. */
export const directionOf = (node: OperationNode | undefined): 'asc' | 'desc' | undefined => {
  if (!node) return 'asc';
  const text = RawNode.is(node) && node.parameters.length === 0 ? node.sqlFragments.join('').trim() : '';
  return text === 'asc' || text === 'desc' ? text : undefined;
};

/** Returns what an ORDER BY item orders by. An output column comes before a column of a table with the same name. */
export const orderedMeaning = (
  given: OperationNode,
  scope: Scope,
  outputs: readonly Output[],
): Meaning | undefined => {
  const node = unwrapped(given);
  const name = ColumnNode.is(node)
    ? node.column.name
    : ReferenceNode.is(node) && !node.table && ColumnNode.is(node.column)
      ? node.column.column.name
      : undefined;
  const output = name === undefined ? undefined : outputs.find((each) => each.name === name);
  return output ? output.meaning : meaningOf(node, scope);
};

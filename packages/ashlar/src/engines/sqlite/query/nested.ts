import { type OperationNode, RawNode } from 'kysely';
import type { JsonRows, ResultKind } from '../../../contract/answers.js';
import { identifier } from '../../../model/index.js';

const raw = (texts: readonly string[], ...nodes: readonly OperationNode[]): OperationNode =>
  RawNode.create([...texts], [...nodes]);

const cellsOf = (cells: readonly OperationNode[]): OperationNode =>
  RawNode.create(['json_array(', ...cells.slice(1).map(() => ', '), ')'], [...cells]);

/** Returns an expression whose value JSON can hold: bytes as hex digits, stored JSON as JSON. */
export function inJson(node: OperationNode, value: ResultKind | undefined): OperationNode {
  switch (value?.kind) {
    case 'bytes':
      // hex(NULL) is an empty text
      return raw(['case when ', ' is not null then lower(hex(', ')) end'], node, node);
    case 'json':
      return raw(['json(', ')'], node);
    default:
      return node;
  }
}

/** Returns an expression for the rows of a query as JSON. */
export function rowsAsJson({ query, alias, cells, one }: JsonRows): OperationNode {
  const from = ` as ${identifier(alias)}`;
  return one
    ? raw(['(select ', ' from ', `${from} limit 1)`], cellsOf(cells), query)
    : raw(['(select json_group_array(', ') from ', `${from})`], cellsOf(cells), query);
}

import { type OperationNode, RawNode } from 'kysely';
import type { JsonRows, ResultKind } from '../../../contract/answers.js';
import { identifier } from '../../../model/index.js';

const raw = (texts: readonly string[], ...nodes: readonly OperationNode[]): OperationNode =>
  RawNode.create([...texts], [...nodes]);

const cellsOf = (cells: readonly OperationNode[]): OperationNode =>
  RawNode.create(['json_build_array(', ...cells.slice(1).map(() => ', '), ')'], [...cells]);

/** Returns an expression whose value JSON can hold: bytes as hex digits, times in the form of a timestamp column. */
export function inJson(node: OperationNode, value: ResultKind | undefined): OperationNode {
  switch (value?.kind) {
    case 'bytes':
      return raw(['encode(', ", 'hex')"], node);
    case 'timestamp':
      return raw(
        [
          'to_char(',
          ` at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.${value.precision === 3 ? 'MS' : 'US'}"Z"')`,
        ],
        node,
      );
    default:
      return node;
  }
}

/** Returns an expression for the rows of a query as JSON. */
export function rowsAsJson({ query, alias, cells, one }: JsonRows): OperationNode {
  const from = ` as ${identifier(alias)}`;
  return one
    ? raw(['(select ', ' from ', `${from} limit 1)`], cellsOf(cells), query)
    : raw(['(select coalesce(json_agg(', "), '[]') from ", `${from})`], cellsOf(cells), query);
}

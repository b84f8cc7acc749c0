import { type OperationNode, RawNode } from 'kysely';
import type { JsonRows } from '../contract/answers.js';
import { identifier } from '../model/index.js';
import { raw } from './raw-node.js';

/** The SQL with which an engine makes JSON of rows. */
export interface JsonFunctions {
  /** The function that makes an array of its arguments. */
  readonly array: string;
  /** The SQL before and after the expression whose values become one array: `'json_group_array('` and `')'`. */
  readonly all: readonly [before: string, after: string];
}

/** Returns an expression for the rows of a query as JSON. */
export function rowsAsJson(
  { query, alias, cells, one }: JsonRows,
  { array, all: [before, after] }: JsonFunctions,
): OperationNode {
  const from = ` as ${identifier(alias)}`;
  const row = RawNode.create([`${array}(`, ...cells.slice(1).map(() => ', '), ')'], [...cells]);
  return one
    ? raw(['(select ', ' from ', `${from} limit 1)`], row, query)
    : raw([`(select ${before}`, `${after} from `, `${from})`], row, query);
}

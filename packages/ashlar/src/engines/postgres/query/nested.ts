import type { OperationNode } from 'kysely';
import type { ResultKind } from '../../../contract/answers.js';
import type { JsonFunctions } from '../../json-rows.js';
import { raw } from '../../raw-node.js';

/** Returns an expression whose value JSON can hold: bytes as hex digits, times in the form of a timestamp column, bigints as text. */
export function inJson(node: OperationNode, value: ResultKind | undefined): OperationNode {
  switch (value?.kind) {
    case 'bytes':
      return raw(['encode(', ", 'hex')"], node);
    case 'timestamp':
      return timestampText(node, value.precision ?? 6);
    case 'bigint':
    case 'decimal':
      return raw(['(', ')::text'], node);
    default:
      return node;
  }
}

const timestampText = (node: OperationNode, precision: 3 | 6): OperationNode =>
  raw(
    ['to_char(', ` at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.${precision === 3 ? 'MS' : 'US'}"Z"')`],
    node,
  );

/** Returns a value as text in the form that the application reads; `undefined` if a cast gives it. */
export function asText(node: OperationNode, { kind, precision }: ResultKind): OperationNode | undefined {
  if (kind === 'timestamp') return precision && timestampText(node, precision);
  // a cast adds the width of the network
  return kind === 'inet' ? raw(['abbrev(', ')'], node) : undefined;
}

/** The functions with which PostgreSQL makes JSON of rows. */
export const jsonFunctions: JsonFunctions = {
  array: 'json_build_array',
  all: ['coalesce(json_agg(', "), '[]')"],
};

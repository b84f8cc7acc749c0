import type { OperationNode } from 'kysely';
import type { ResultKind } from '../../../contract/answers.js';
import { arrayJson } from '../../../sql/postgres-row-json.js';
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
    case 'array':
      return arrayNode(node, value);
    default:
      return node;
  }
}

// the expression is evaluated once, whatever it is
const arrayNode = (node: OperationNode, { element }: ResultKind): OperationNode => {
  const [before = '', after = ''] = [
    `(SELECT ${arrayJson('of.value', element)} FROM (SELECT `,
    ' AS value) AS of)',
  ];
  return raw([before, after], node);
};

const timestampText = (node: OperationNode, precision: 3 | 6): OperationNode =>
  raw(
    ['to_char(', ` at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.${precision === 3 ? 'MS' : 'US'}"Z"')`],
    node,
  );

/** Returns a value as text in the form that the application reads; `undefined` if a cast gives it. */
export function asText(node: OperationNode, value: ResultKind): OperationNode | undefined {
  const { kind, precision } = value;
  if (kind === 'array') return raw(['(', ')::text'], arrayNode(node, value));
  if (kind === 'timestamp') return precision && timestampText(node, precision);
  // a cast adds the width of the network
  return kind === 'inet' ? raw(['abbrev(', ')'], node) : undefined;
}

/** The functions with which PostgreSQL makes JSON of rows. */
export const jsonFunctions: JsonFunctions = {
  array: 'json_build_array',
  all: ['coalesce(json_agg(', "), '[]')"],
};

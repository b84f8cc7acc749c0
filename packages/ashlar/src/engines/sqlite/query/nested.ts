import type { OperationNode } from 'kysely';
import type { ResultKind } from '../../../contract/answers.js';
import { sqliteDecimalText } from '../../../sql/sqlite-decimal.js';
import type { JsonFunctions } from '../../json-rows.js';
import { raw } from '../../raw-node.js';

// an overflow gives a real, which is no decimal
const decimal = (node: OperationNode, scale: number): OperationNode => {
  const [start = '', ...rest] = sqliteDecimalText('?', { scale }).split('?');
  return raw(
    [
      'case typeof(',
      `) when 'integer' then ${start}`,
      ...rest.slice(0, -1),
      `${rest.at(-1)} else cast(`,
      ' as text) end',
    ],
    ...Array.from({ length: rest.length + 2 }, () => node),
  );
};

/** Returns an expression whose value JSON can hold: bytes as hex digits, stored JSON as JSON, bigints as text. */
export function inJson(node: OperationNode, value: ResultKind | undefined): OperationNode {
  switch (value?.kind) {
    case 'bytes':
      // hex(NULL) is an empty text
      return raw(['case when ', ' is not null then lower(hex(', ')) end'], node, node);
    case 'json':
    case 'array':
      return raw(['json(', ')'], node);
    case 'decimal':
      return decimal(node, value.digits?.scale ?? 0);
    case 'bigint':
      return raw(['cast(', ' as text)'], node);
    default:
      return node;
  }
}

/** The functions with which SQLite makes JSON of rows. */
export const jsonFunctions: JsonFunctions = {
  array: 'json_array',
  all: ['json_group_array(', ')'],
};

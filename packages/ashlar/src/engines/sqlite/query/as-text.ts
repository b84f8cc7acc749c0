import { FunctionNode, type OperationNode } from 'kysely';
import type { ResultKind } from '../../../contract/answers.js';
import { raw } from '../../raw-node.js';
import { functions } from './functions.js';

/** Returns a value as text in the form that PostgreSQL gives it; `undefined` if a cast does. */
export function asText(node: OperationNode, { kind }: ResultKind): OperationNode | undefined {
  switch (kind) {
    case 'boolean':
      return raw(['case ', " when 1 then 'true' when 0 then 'false' end"], node);
    case 'real':
      return FunctionNode.create(functions.realText, [node]);
    case 'json':
    case 'array':
      return FunctionNode.create(functions.jsonbText, [node]);
    case 'bytes':
      // hex(NULL) is an empty text
      return raw(['case when ', " is not null then '\\x' || lower(hex(", ')) end'], node, node);
    default:
      return undefined;
  }
}

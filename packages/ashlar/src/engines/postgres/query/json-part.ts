import { type OperationNode, ValueNode } from 'kysely';
import type { JsonPart } from '../../../contract/answers.js';
import { raw } from '../../raw-node.js';

/** Returns a part of a JSON value. */
export function jsonPart({ of, path, asText }: JsonPart): OperationNode {
  const operators = path.map((_, at) => (asText && at === path.length - 1 ? ' ->> ' : ' -> '));
  return raw(['(', ...operators, ')'], of, ...path.map((part) => ValueNode.createImmediate(part)));
}

import { type OperationNode, ValueNode } from 'kysely';
import type { JsonPart } from '../../../contract/answers.js';
import { raw } from '../../raw-node.js';
import { functions } from './functions.js';

// a quoted key is never taken for a path or a position, as "$a" and "[0]" would be
const step = (part: string | number): string => {
  if (typeof part === 'string') return `."${part.replace(/["\\]/g, '\\$&')}"`;
  return part < 0 ? `[#${part}]` : `[${part}]`;
};

/** Returns a part of a JSON value. SQLite's own `->>` returns numbers and booleans as numbers. */
export function jsonPart({ of, path, asText }: JsonPart): OperationNode {
  const where = ValueNode.createImmediate(`$${path.map(step).join('')}`);
  // a cast, so that the result has the affinity of text
  return asText
    ? raw([`cast(${functions.jsonText}(`, ' -> ', ') as text)'], of, where)
    : raw(['(', ' -> ', ')'], of, where);
}

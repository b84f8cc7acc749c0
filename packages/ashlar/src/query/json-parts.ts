import {
  AndNode,
  type BinaryOperationNode,
  type JSONOperatorChainNode,
  type JSONPathLegNode,
  type JSONPathNode,
  type JSONReferenceNode,
  type OperationNode,
  OperatorNode,
  PrimitiveValueListNode,
  ValueListNode,
  ValueNode,
} from 'kysely';
import type { JsonPart } from '../contract/answers.js';
import { numericText } from '../engines/json-text.js';
import { AshlarError } from '../errors.js';
import { isReady } from './nodes.js';
import { isLiteral } from './result-literals.js';
import { unwrapped } from './unwrapped.js';

type Step = string | number;

const isStep = (value: unknown): value is Step => typeof value === 'string' || Number.isSafeInteger(value);

const stepOf = ({ type, value }: JSONPathLegNode): Step => {
  if (type === 'Member' || typeof value === 'number') return value;
  return value === 'last' ? -1 : Number(value.slice(1));
};

/** Returns the part of a JSON value that an expression takes; `undefined` if it takes none, or one that is computed. */
export function jsonPartOf(node: OperationNode): JsonPart | undefined {
  const operator = jsonOperator(node);
  if (operator === undefined) return undefined;
  const asText = operator === '->>';
  if (node.kind === 'BinaryOperationNode') {
    const { leftOperand, rightOperand } = node as BinaryOperationNode;
    const step = ValueNode.is(rightOperand) ? rightOperand.value : undefined;
    return isStep(step) ? { of: leftOperand, path: [step], asText } : undefined;
  }
  const { reference, traversal } = node as JSONReferenceNode;
  const path =
    traversal.kind === 'JSONPathNode'
      ? (traversal as JSONPathNode).pathLegs.map(stepOf)
      : (traversal as JSONOperatorChainNode).values.map((each) => (each as ValueNode).value);
  return path.length > 0 && path.every(isStep) ? { of: reference, path, asText } : undefined;
}

/** Returns the error for a part of an array, which is no JSON on PostgreSQL. */
export const noPart = (): AshlarError =>
  new AshlarError('usage', {
    message: 'A part of a column of arrays has no form that engines agree on.',
    suggestion: 'Read the whole array, or keep it as JSON: json(z.array(…)).',
  });

const jsonOperator = (node: OperationNode): string | undefined => {
  let operator: OperationNode | undefined;
  if (node.kind === 'BinaryOperationNode') ({ operator } = node as BinaryOperationNode);
  else if (node.kind === 'JSONReferenceNode') {
    const { traversal } = node as JSONReferenceNode;
    operator = 'operator' in traversal ? traversal.operator : traversal.inOperator;
  }
  const text = operator && OperatorNode.is(operator) ? operator.operator : undefined;
  return text === '->' || text === '->>' ? text : undefined;
};

/** Returns whether an expression is a part of a JSON value as text. */
export function isJsonText(node: OperationNode): boolean {
  return jsonOperator(unwrapped(node)) === '->>';
}

/**
 * Returns a comparison whose literals have the form of a part of JSON as text beside them: a number or a boolean of
 * JSON is text there.
 */
export function besideJsonText(node: BinaryOperationNode): BinaryOperationNode {
  const { leftOperand: left, rightOperand: right } = node;
  if (isJsonText(left)) return { ...node, rightOperand: literalsAsText(right) };
  return isJsonText(right) ? { ...node, leftOperand: literalsAsText(left) } : node;
}

const literalsAsText = (node: OperationNode): OperationNode => {
  if (isLiteral(node) && !isReady(node)) return ValueNode.create(asText(node.value));
  if (PrimitiveValueListNode.is(node) && !isReady(node))
    return PrimitiveValueListNode.create(node.values.map(asText));
  if (ValueListNode.is(node)) return ValueListNode.create(node.values.map(literalsAsText));
  return AndNode.is(node) ? AndNode.create(literalsAsText(node.left), literalsAsText(node.right)) : node;
};

const asText = (value: unknown): unknown => {
  if (typeof value === 'number' && Number.isFinite(value)) return numericText(String(value));
  return typeof value === 'boolean' || typeof value === 'bigint' ? String(value) : value;
};

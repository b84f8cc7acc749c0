import { type OperationNode, PrimitiveValueListNode, ValueListNode, ValueNode } from 'kysely';
import { numbers } from './computed.js';
import { isReady, parameter } from './nodes.js';
import { isValue } from './result-literals.js';
import type { Form, Meaning } from './scope.js';

/** Operators that compare for equality. */
export const equalities: ReadonlySet<string> = new Set([
  '=',
  '==',
  '!=',
  '<>',
  'is distinct from',
  'is not distinct from',
]);
/** Returns a literal; `undefined` for another node. */
// NULL and undefined have no form of a column: SQL gives NULL, and the engine refuses undefined
export const literalOf = (node: OperationNode): ValueNode | undefined => (isValue(node) ? node : undefined);

/** Returns the form that one side of a comparison gets. */
// engines compare numbers of different kinds alike, and an index answers for a column as it is
export const formOfSide = (own: Form | undefined, form: Form | undefined): Form | undefined =>
  form && form.kind !== 'decimal' && numbers.has(form.kind) ? (own ?? form) : form;

/** Returns whether the values of an expression have a form in which a literal can be compared with them. */
export const isKnown = (meaning: Meaning | undefined, value: unknown): meaning is Meaning => {
  if (!meaning || meaning.column) return meaning !== undefined;
  if (meaning.kind === 'timestamp') return meaning.precision !== undefined;
  // a sum can be greater than every integer of a column
  return meaning.kind !== 'integer' || !(Math.abs(Number(value)) >= largestExact);
};

const largestExact = 2 ** 53;

/** Returns the items of a list; `undefined` for another node. */
export const itemsOf = (node: OperationNode): readonly OperationNode[] | undefined => {
  if (PrimitiveValueListNode.is(node))
    return node.values.map((value) => (isReady(node) ? parameter(value) : ValueNode.create(value)));
  return ValueListNode.is(node) ? node.values : undefined;
};

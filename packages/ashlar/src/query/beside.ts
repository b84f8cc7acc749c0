import { type OperationNode, ValueNode } from 'kysely';
import { AshlarError } from '../errors.js';
import { isWrittenAs } from './common-form.js';
import { comparand } from './literals.js';
import { certainMeaning, remember, together } from './meaning.js';
import { cast, immediately, parameter } from './nodes.js';
import type { QueryParts } from './parts.js';
import type { Place } from './place.js';
import { withResults } from './result-literals.js';
import type { Form, Meaning, Scope } from './scope.js';

/**
 * Returns the form that expressions beside one another have in common, as far as the tree knows them.
 *
 * @param where - what they are in, for the message
 * @throws AshlarError `usage` if they have none: engines would compare or convert them in different ways
 */
export function formBeside(
  nodes: readonly OperationNode[],
  scope: Scope,
  where: string,
): Meaning | undefined {
  const { form, open, apart } = together(nodes, scope);
  if (apart) throw mixed(where, apart);
  // SQLite holds decimals as scaled integers, which raw SQL does not know
  if (open && form?.kind === 'decimal' && where !== comparison) throw mixed(where, ['decimal', 'raw SQL']);
  return form;
}

/** What {@link formBeside} says of the operands of a comparison. */
export const comparison = 'A comparison';

/** Returns the error for values that have no form in common. */
export function mixed(where: string, [one, other]: readonly [string, string]): AshlarError {
  return new AshlarError('usage', {
    message: `${where} has values of different kinds: ${one} and ${other}.`,
    detail: 'Engines would compare or convert them in different ways, or not at all.',
    suggestion:
      'Give a literal that the other values could be, or cast one side: eb.cast(column, "text"), "double precision", "date", or "timestamptz(6)" for a time with six digits.',
  });
}

/**
 * Rewrites an expression so that what it returns has a form: that of what it is compared with, or of its other
 * results. A literal without that form stays as it is.
 */
export function inFormOf(node: OperationNode, form: Form | undefined, place: Place): OperationNode {
  return withResults(node, {
    other: (part) => place.rewrite(part),
    literal: (value, given) =>
      (form && literalIn(form, value, given, place)) ??
      (given.immediate ? given : place.rewrite(ValueNode.create(value))),
    result: (part) => converted(part, form, place),
  });
}

const converted = (node: OperationNode, to: Form | undefined, place: Place): OperationNode => {
  const rewritten = place.rewrite(node);
  if (!to) return rewritten;
  const from = certainMeaning(node, place.scope);
  if (!from || isWrittenAs(from, to)) return rewritten;
  const written = place.parts.answers.converted(rewritten, from, to);
  if (!written) return rewritten;
  remember(written, { ...from, ...to, column: undefined, rows: undefined });
  return written;
};

/** Returns a literal in a form, with its type; `undefined` if the form has no such value. */
export const literalIn = (
  form: Form,
  given: unknown,
  { immediate }: ValueNode,
  { parts }: Place,
): OperationNode | undefined => {
  const against = comparand(form, given);
  if (against.form !== 'exact') return undefined;
  const written = parts.encode(form, against.value);
  if (immediate && written === given && form.kind !== 'real') return undefined;
  const value = immediate ? immediately(written) : parameter(written);
  const typed = parts.answers.typed(value, form);
  remember(typed, { ...form, column: undefined, rows: undefined });
  return typed;
};

const largestInt32 = 2 ** 31 - 1;

/** Returns a value that a column can be compared with, as the engine takes it in the place of a literal. */
export function encoded(
  form: Form,
  value: unknown,
  { answers, encode }: QueryParts,
  { immediate }: ValueNode,
): OperationNode {
  const written = encode(form, value);
  const node = immediate ? immediately(written) : parameter(written);
  const wide = form.kind === 'integer' && Math.abs(value as number) > largestInt32;
  // the parameter would take the type of the column, which may be narrower than the literal
  return wide && answers.typedParameters ? cast(node, 'bigint') : node;
}

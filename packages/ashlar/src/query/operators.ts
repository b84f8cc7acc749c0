import { IdentifierNode, type OperationNode, OperatorNode } from 'kysely';

/** Operators whose result is a boolean. */
export const comparisons: ReadonlySet<string> = new Set([
  ...['=', '==', '!=', '<>', '>', '>=', '<', '<=', 'in', 'not in', 'is', 'is not'],
  ...['like', 'not like', 'ilike', 'not ilike', 'is distinct from', 'is not distinct from'],
  ...['between', 'between symmetric', '@>', '<@', '&&', '?', '?&', '?|', '~', '~*', '!~', '!~*', '^@'],
  ...['regexp', 'match'],
]);

/** Operators whose operands are numbers. */
export const arithmetic: ReadonlySet<string> = new Set(['+', '-', '*', '/', '%']);
/** Functions whose result is text, except of bytes. */
export const textFunctions: ReadonlySet<string> = new Set([
  ...['lower', 'upper', 'trim', 'ltrim', 'rtrim', 'replace', 'substr', 'substring', 'concat'],
]);
/** Functions whose result has the kind of their first argument. */
export const sameAsArgument: ReadonlySet<string> = new Set([
  ...['min', 'max', 'abs', 'nullif', 'lag', 'lead', 'first_value', 'last_value', 'nth_value'],
]);

/** Returns whether a function takes text as its first argument. */
export function takesText(name: string): boolean {
  return textFunctions.has(name.toLowerCase()) || name.toLowerCase() === 'length';
}

/** Returns whether a function returns the greatest or the least of its arguments, without NULLs. */
export function isExtreme(name: string): boolean {
  return /^(greatest|least)$/i.test(name);
}

/** Returns the operator of an operation as text; `''` for one that is written as raw SQL. */
export function operatorOf({ operator }: { readonly operator: OperationNode }): string {
  return OperatorNode.is(operator) ? operator.operator : '';
}

/** The functions that stand for `nested` and `nestedOne` until their query is rewritten. */
export const nestedFunctions = { many: 'ashlar_nested', one: 'ashlar_nested_one' } as const;

/** Returns the name that an alias is; `undefined` for raw SQL. */
export function nameOf(alias: OperationNode): string | undefined {
  return IdentifierNode.is(alias) ? alias.name : undefined;
}

const needsEscape = /["\\]/g;

/** Returns a text as an element of an array literal of PostgreSQL, in quotes. */
export function quotedElement(text: string): string {
  return `"${text.replace(needsEscape, '\\$&')}"`;
}

/**
 * Returns the literal of an array of PostgreSQL: `{"a","b"}`.
 * https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
 */
export function arrayLiteral(values: readonly unknown[]): string {
  return `{${values.map((value) => quotedElement(String(value))).join(',')}}`;
}

const part = /(?:"((?:[^"\\]|\\.)*)"|([^",{}\\]+))(,|\}$)/suy;

/**
 * Returns the texts of the elements of an array literal, as PostgreSQL writes it; `undefined` for an array with a NULL, of
 * several dimensions, or that does not begin at 1.
 */
export function elementsOfLiteral(literal: string): readonly string[] | undefined {
  if (literal === '{}') return [];
  if (!literal.startsWith('{')) return undefined;
  const found: string[] = [];
  part.lastIndex = 1;
  for (;;) {
    const [, quoted, plain, end] = part.exec(literal) ?? [];
    if (end === undefined || plain === 'NULL') return undefined;
    found.push(plain ?? quoted?.replace(/\\(.)/gsu, '$1') ?? '');
    if (end !== ',') return found;
  }
}

const rules: readonly (readonly [RegExp, string])[] = [
  // near "'a text'": syntax error · at or near "12"
  [/near "(?:[xXbBeE]?'|\d).*"/gs, 'near a literal'],
  [/unrecognized token: ".*"/gs, 'unrecognized token'],
  [/bad JSON path: '.*'/gs, 'bad JSON path'],
];

/**
 * Returns a database's message about the text of a statement without the literals that the message repeats: a literal
 * of a statement may be a value of a row.
 */
export function withoutLiterals(message: string): string {
  return rules.reduce((text, [literal, instead]) => text.replaceAll(literal, instead), message);
}

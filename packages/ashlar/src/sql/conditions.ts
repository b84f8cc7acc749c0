/** Conditions of which one is enough, one a line. */
export function any(conditions: readonly string[]): string {
  return conditions.join('\n  OR ');
}

/** Conditions that must all hold, one a line. */
export function all(conditions: readonly string[]): string {
  return conditions.join('\n  AND ');
}

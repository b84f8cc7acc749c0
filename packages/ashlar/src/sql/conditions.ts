/** Joins SQL conditions with OR, one condition per line. */
export function any(conditions: readonly string[]): string {
  return conditions.join('\n  OR ');
}

/** Joins SQL conditions with AND, one condition per line. */
export function all(conditions: readonly string[]): string {
  return conditions.join('\n  AND ');
}

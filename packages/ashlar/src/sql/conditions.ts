/** Joins conditions with OR, one per line. */
export function any(conditions: readonly string[]): string {
  return conditions.join('\n  OR ');
}

/** Joins conditions with AND, one per line. */
export function all(conditions: readonly string[]): string {
  return conditions.join('\n  AND ');
}

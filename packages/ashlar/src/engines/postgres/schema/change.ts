import type { SchemaChange } from '../../../contract/schema.js';

/**
 * Builds a schema change from the given facts; `danger` is optional. PostgreSQL alters tables in place and never
 * rebuilds them.
 */
export function change(
  facts: Omit<SchemaChange, 'rebuild' | 'danger'> & { danger?: string | undefined },
): SchemaChange {
  return {
    ...facts,
    danger: facts.danger,
    rebuild: [],
  };
}

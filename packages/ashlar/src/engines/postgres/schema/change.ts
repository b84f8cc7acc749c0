import type { SchemaChange } from '../../../contract/schema.js';

/**
 * Builds a schema change; `danger` is `undefined` unless it is given. PostgreSQL alters tables in place and never
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

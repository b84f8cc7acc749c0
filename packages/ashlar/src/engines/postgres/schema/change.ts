import type { SchemaChange } from '../../../contract/schema.js';

/** A change, without danger by default. PostgreSQL alters tables in place and never rebuilds them. */
export function change(
  facts: Omit<SchemaChange, 'rebuild' | 'danger'> & { danger?: string | undefined },
): SchemaChange {
  return {
    ...facts,
    danger: facts.danger,
    rebuild: [],
  };
}

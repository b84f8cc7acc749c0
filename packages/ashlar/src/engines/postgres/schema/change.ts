import type { SchemaChange } from '../../../contract/schema.js';

/** A change without danger unless it says so. PostgreSQL alters tables in place: nothing is ever rebuilt. */
export const change = (
  facts: Omit<SchemaChange, 'rebuild' | 'danger'> & { danger?: string | undefined },
): SchemaChange => ({
  ...facts,
  danger: facts.danger,
  rebuild: [],
});

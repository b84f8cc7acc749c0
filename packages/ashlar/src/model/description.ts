import { invalidTable } from './invalid-table.js';
import { isStorableText } from './storable.js';

/** Throws if PostgreSQL cannot keep a description as a comment. @throws AshlarError `table-invalid` */
export function assertDescription(table: string, description: string | undefined): void {
  if (description === undefined || isStorableText(description)) return;
  throw invalidTable(
    table,
    'a description has characters that PostgreSQL cannot store.',
    'Remove NUL (U+0000) and lone surrogates from .describe(…).',
  );
}

import type { TableFacts } from '../contract/table.js';
import { AshlarError } from '../errors.js';

/** Throws if a value is not a declared table. @throws AshlarError `usage` */
export function assertTable(table: TableFacts): void {
  if ((table as { readonly kind?: unknown } | null | undefined)?.kind === 'table') return;
  throw new AshlarError('usage', {
    message: 'The call names no table.',
    suggestion: 'Pass a table that table(…) has made.',
  });
}

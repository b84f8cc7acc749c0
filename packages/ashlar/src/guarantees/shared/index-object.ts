import type { GuaranteeObject } from '../../contract/guarantee.js';
import { identifier, identifiers } from '../../model/index.js';

/** How an index is refined. */
export interface IndexObjectOptions {
  readonly unique?: boolean;
  readonly where?: string;
}

/** An index that a guarantee relies on; the same text on every engine. */
export function indexObject(
  name: string,
  table: string,
  columns: readonly string[],
  { unique = false, where }: IndexObjectOptions = {},
): GuaranteeObject {
  return {
    type: 'index',
    name,
    sql: [
      `CREATE ${unique ? 'UNIQUE ' : ''}INDEX ${identifier(name)} ON ${identifier(table)} (${identifiers(columns)})`,
      ...(where === undefined ? [] : [`WHERE ${where}`]),
    ].join(' '),
  };
}

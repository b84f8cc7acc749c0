import type { SchemaColumn } from '../../../contract/schema.js';
import { codeOf } from '../../../sql/code.js';

// a description begins with the collation, where it has one
const collationEnd = ({ rest }: SchemaColumn): number => {
  const [first, name] = codeOf(rest, 'postgres');
  return first?.word === 'COLLATE' && name ? name.end : 0;
};

/** Returns the type of a described column with its collation: `text COLLATE "C"`. */
export function fullType(column: SchemaColumn): string {
  return `${column.type} ${column.rest.slice(0, collationEnd(column))}`.trim();
}

/** Returns the rest of a described column after its collation: its identity, or its expression. */
export function withoutCollation(column: SchemaColumn): string {
  return column.rest.slice(collationEnd(column)).trim();
}

/** Returns whether the database computes a column from others. */
export function isComputed({ rest }: SchemaColumn): boolean {
  return rest.includes('GENERATED ALWAYS AS (');
}

/** Returns whether the database numbers a column. */
export function isIdentity({ rest }: SchemaColumn): boolean {
  return rest.includes('AS IDENTITY');
}

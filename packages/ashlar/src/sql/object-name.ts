import { createHash } from 'node:crypto';

// PostgreSQL truncates longer names
const longest = 63;

/**
 * Builds the name of a database object from its parts: `audit_logs_append_only_update`. A longer name ends in a hash.
 */
export function objectName(...parts: readonly string[]): string {
  const name = parts.join('_');
  if (name.length <= longest) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${name.slice(0, longest - hash.length - 1)}_${hash}`;
}

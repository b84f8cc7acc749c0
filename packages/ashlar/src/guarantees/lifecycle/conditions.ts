import { identifier, literal } from '../../model/index.js';
import { sql } from '../../sql/template.js';
import type { Lifecycle } from './rules.js';

const oneOf = (statuses: readonly string[]): string => statuses.map(literal).join(', ');

/**
 * The SQL condition for refusing an INSERT: the status of the new row is not an initial status, or is NULL (which OR
 * REPLACE would replace with the default).
 */
export function beginsWrongly({ column, initial }: Lifecycle): string {
  return `(NEW.${identifier(column)} IN (${oneOf(initial)})) IS NOT TRUE`;
}

/** The SQL condition for refusing an UPDATE: it changes the status by a transition that is not declared. */
export function movesWrongly({ column, statuses, transitions }: Lifecycle): string {
  const name = identifier(column);
  const changes = `OLD.${name} IS DISTINCT FROM NEW.${name}`;
  const cases = statuses.flatMap((from) => {
    const to = transitions[from] ?? [];
    return to.length === 0 ? [] : [`WHEN ${literal(from)} THEN NEW.${name} IN (${oneOf(to)})`];
  });
  if (cases.length === 0) return changes;
  return sql`
    ${changes}
      AND (CASE OLD.${name}
        ${cases}
        ELSE false
      END) IS NOT TRUE
  `;
}

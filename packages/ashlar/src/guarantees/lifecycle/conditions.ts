import { identifier, literal } from '../../model/index.js';
import { sql } from '../../sql/template.js';
import type { Lifecycle } from './rules.js';

const oneOf = (statuses: readonly string[]): string => statuses.map(literal).join(', ');

// an enum of another tool is a text in shadow databases, where the condition must read the same
const statusOf = (row: 'OLD' | 'NEW', { column, isNative }: Pick<Lifecycle, 'column' | 'isNative'>): string =>
  `${row}.${identifier(column)}${isNative ? '::text' : ''}`;

/**
 * The SQL condition for refusing an INSERT: the status of the new row is not an initial status, or is NULL (which OR
 * REPLACE would replace with the default).
 */
export function beginsWrongly({ initial, ...rules }: Lifecycle): string {
  return `(${statusOf('NEW', rules)} IN (${oneOf(initial)})) IS NOT TRUE`;
}

/** The SQL condition for refusing an UPDATE: it changes the status by a transition that is not declared. */
export function movesWrongly({ statuses, transitions, ...rules }: Lifecycle): string {
  const [before, after] = [statusOf('OLD', rules), statusOf('NEW', rules)];
  const changes = `${before} IS DISTINCT FROM ${after}`;
  const cases = statuses.flatMap((from) => {
    const to = transitions[from] ?? [];
    return to.length === 0 ? [] : [`WHEN ${literal(from)} THEN ${after} IN (${oneOf(to)})`];
  });
  if (cases.length === 0) return changes;
  return sql`
    ${changes}
      AND (CASE ${before}
        ${cases}
        ELSE false
      END) IS NOT TRUE
  `;
}

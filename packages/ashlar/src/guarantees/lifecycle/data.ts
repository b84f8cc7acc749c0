import type { DataCheck, DataContext } from '../../contract/data-check.js';
import type { TableFacts } from '../../contract/table.js';
import { identifier, literal } from '../../model/index.js';
import { lastLine } from '../shared/trail-lines.js';
import type { Lifecycle } from './rules.js';

/**
 * Finds rows with a status to which no path leads: one that is not declared, and, where a trail records the status, one
 * that is not reached from the first recorded one.
 */
export function lifecycleData(
  table: TableFacts,
  rules: Lifecycle,
  { dialect }: DataContext,
): readonly DataCheck[] {
  const { column, statuses, initial } = rules;
  const status = `t.${identifier(column)}`;
  const { audited } = table.facts;
  const isDeclared = `${status} IN (${statuses.map(literal).join(', ')})`;
  const recorded = audited && !audited.except.includes(column) ? audited.trail : undefined;
  if (recorded === undefined)
    return [{ what: `has a ${column} to which no path leads`, bad: `NOT ${isDeclared}` }];
  const first = lastLine(table, recorded, dialect, {
    value: { column, of: ['before', 'after'] },
    first: true,
  });
  const paths = statuses.map(
    (from) =>
      `WHEN ${literal(from)} THEN ${status} IN (${[...reached(from, rules)].map(literal).join(', ')})`,
  );
  return [
    {
      what: `has a ${column} to which no path leads`,
      bad: `NOT ${isDeclared} OR NOT coalesce(CASE (${first}) ${paths.join(' ')} END, true)`,
    },
    // the trail has the whole life of a row only from its insert on
    {
      what: `began with a ${column} that is not initial`,
      bad: `(${lastLine(table, recorded, dialect, { value: { column, of: ['after'] }, first: true, operation: 'insert' })}) NOT IN (${initial.map(literal).join(', ')})`,
    },
  ];
}

const reached = (from: string, { transitions }: Lifecycle): ReadonlySet<string> => {
  const found = new Set([from]);
  for (const status of found) for (const next of transitions[status] ?? []) found.add(next);
  return found;
};

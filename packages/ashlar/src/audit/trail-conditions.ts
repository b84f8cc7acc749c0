import type { GuardedTable } from '../contract/guarantee.js';
import type { SystemFacts } from '../contract/system.js';
import { AshlarError } from '../errors.js';
import { literal, parseTime, propertiesOf } from '../model/index.js';

/** The changes that a query of the audit trails selects. A property that is left out does not restrict them. */
export interface TrailSelection {
  /** Selects only the changes of the audited table with this name. */
  readonly table?: string | undefined;
  /**
   * Selects only the changes of the row with this primary key: its value, or an object with a value for each column of
   * the key. Needs `table`.
   */
  readonly row?: string | number | Readonly<Record<string, string | number>> | undefined;
  readonly actor?: string | undefined;
  /** Selects only changes at or after this time: a `Date`, or ISO 8601 text; a date means midnight in UTC. */
  readonly since?: Date | string | undefined;
  /** Selects only changes before this time. */
  readonly until?: Date | string | undefined;
}

/** Returns the tables of a system that are audit trails. */
export function trailsOf({ tables }: Pick<SystemFacts, 'tables'>): readonly GuardedTable[] {
  return Object.values(tables).filter(({ facts }) => facts.trail);
}

/** Returns the tables of a system that write into an audit trail. */
export function auditedTables({ tables }: Pick<SystemFacts, 'tables'>): readonly GuardedTable[] {
  return Object.values(tables).filter(({ facts }) => facts.audited);
}

/** Returns the conditions of a selection as SQL. @throws AshlarError `usage` for a selection that is not valid */
export function trailConditions(
  system: SystemFacts,
  { table, row, actor, since, until }: TrailSelection,
): string[] {
  const audited = auditedTables(system).find(({ name }) => name === table);
  if (table !== undefined && !audited) throw notAudited(table, [system]);
  return [
    ...(table === undefined ? [] : [`table_name = ${literal(table)}`]),
    ...keyOf(audited, row).map(
      ([name, value]) => `CAST(row_key ->> ${literal(name)} AS text) = ${literal(String(value))}`,
    ),
    ...(actor === undefined ? [] : [`actor = ${literal(actor)}`]),
    ...(since === undefined ? [] : [`at >= ${literal(timeOf('since', since))}`]),
    ...(until === undefined ? [] : [`at < ${literal(timeOf('until', until))}`]),
  ];
}

/** The refusal of a table that is not audited, with the names of those that are. */
export function notAudited(table: string, systems: readonly Pick<SystemFacts, 'tables'>[]): AshlarError {
  const names = systems.flatMap(auditedTables).map(({ name }) => name);
  return new AshlarError('usage', {
    message: `No audited table has the name ${table}.`,
    suggestion: `The audited tables are: ${names.join(', ') || 'none'}.`,
  });
}

const keyOf = (
  table: GuardedTable | undefined,
  row: TrailSelection['row'],
): readonly (readonly [column: string, value: string | number])[] => {
  if (row === undefined) return [];
  if (!table) {
    throw new AshlarError('usage', {
      message: 'The key of a row needs the name of its table.',
      suggestion: "Give both: { table: 'clauses', row: id }.",
    });
  }
  const columns = propertiesOf(table, table.primaryKey.columns);
  const given = typeof row === 'object' ? row : { [columns[0] ?? '']: row };
  const entries = Object.entries(given);
  const isKey = entries.length === columns.length && columns.every((name) => Object.hasOwn(given, name));
  // a trail has the names of the database
  if (isKey && entries.every(([, value]) => ['string', 'number'].includes(typeof value)))
    return entries.map(([property, value]) => [table.columns[property]?.name ?? property, value] as const);
  throw new AshlarError('usage', {
    message: `The row is not a primary key of ${table.name}.`,
    suggestion: `Give a text or a number for each of its columns: { ${columns.join(', ')} }.`,
  });
};

const timeOf = (name: string, given: Date | string): string => {
  const text = given instanceof Date && !Number.isNaN(given.getTime()) ? given.toISOString() : String(given);
  const time = parseTime(text);
  if (time !== undefined) return time;
  throw new AshlarError('usage', {
    message: `The property ${name} is not a time.`,
    suggestion: `Give a Date, or a date or a time in ISO 8601: '2026-03-31T08:00:00Z'.`,
  });
};

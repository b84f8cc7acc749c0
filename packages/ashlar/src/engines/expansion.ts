import type { Computed, Expansion } from '../contract/expansion.js';
import { identifier } from '../model/index.js';
import { all, any } from '../sql/conditions.js';

/** Statements, and those that undo them. */
export interface BothWays {
  readonly up: readonly string[];
  readonly down: readonly string[];
}

/** What a change of a live table does, in a few words. */
export function expansionSummary(expansion: Expansion): string {
  const { name } = expansion.after;
  if (expansion.kind === 'required') return `${name}: ${expansion.to.name} becomes required`;
  const names = (side: readonly Computed[]): string => side.map(({ column }) => column.name).join(', ');
  return `${name}: ${names(expansion.olds)} becomes ${names(expansion.news)}`;
}

/** The statement that fills the rows which exist. Its WHERE is false for a row that is done. */
export function fillStatement(expansion: Expansion): string {
  const table = identifier(expansion.after.name);
  if (expansion.kind === 'required') {
    const column = identifier(expansion.to.name);
    return `UPDATE ${table}\nSET ${column} = ${expansion.fill}\nWHERE ${column} IS NULL`;
  }
  const { news } = expansion;
  const set = news.map(({ column, sql }) => `${identifier(column.name)} = ${sql}`);
  const open = all(news.map(({ column }) => `${identifier(column.name)} IS NULL`));
  const given = any(news.map(({ sql }) => `(${sql}) IS NOT NULL`));
  return `UPDATE ${table}\nSET ${set.join(', ')}\nWHERE ${open} AND (${given})`;
}

/** The new column without what the older version cannot know: it is filled by a trigger until the contract. */
export function whileExpanded(column: Computed['column']): Computed['column'] {
  return { ...column, notNull: false, default: undefined };
}

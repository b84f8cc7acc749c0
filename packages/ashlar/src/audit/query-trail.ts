import type { Engine } from '../contract/engine.js';
import type { GuardedTable } from '../contract/guarantee.js';
import type { SystemFacts } from '../contract/system.js';

import { AshlarError } from '../errors.js';
import { everyScope, identifier, literal } from '../model/index.js';
import { type TrailSelection, trailConditions, trailsOf } from './trail-conditions.js';

/** The changes that a page of the audit trails has; without any property, the newest changes. */
export interface TrailQuery extends TrailSelection {
  /** The maximum number of changes on a page, from 1 to 1,000; 50 by default. */
  readonly limit?: number | undefined;
  /** The cursor of the page to return: the value of `next` in the previous page; without it, the first page. */
  readonly after?: string | undefined;
}

/** One inserted, updated or deleted row, as its audit trail records it. */
export interface TrailChange {
  readonly system: string;
  /** The name of the table that holds the audit trail. */
  readonly trail: string;
  readonly id: number;
  /** The time of the change (ISO 8601, UTC, with six fractional digits). */
  readonly at: string;
  readonly actor: string | null;
  readonly scope: string | null;
  /** The database user that made the change; always `session` on SQLite, which has no users. */
  readonly role: string;
  readonly table: string;
  readonly operation: 'insert' | 'update' | 'delete';
  readonly row_key: Readonly<Record<string, unknown>>;
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
  /** The changed columns whose values the audit trail does not record. */
  readonly unseen: readonly string[];
}

/** A page of changes, with the newest change first, and the cursor of the next page. */
export interface TrailPage {
  readonly changes: readonly TrailChange[];
  /** The cursor to pass as `after` in the query for the next page; `null` on the last page. */
  readonly next: string | null;
}

/** The maximum number of changes on one page. */
export const mostChanges = 1_000;
const usualChanges = 50;

/**
 * Reads one page of changes from the audit trails of a system, with the newest change first. The connected role must be
 * the owner or the auditor: the page has the changes of every scope.
 *
 * @returns the changes, and the cursor of the next page
 * @throws AshlarError `usage` for a table that is not audited, and for a key, a time, a cursor or a limit that is not
 *   valid; `privilege-missing` when the user may not read a trail
 *
 * @example
 * const owner = await openEngine({ url: process.env.DATABASE_MIGRATE_URL });
 * const { changes, next } = await queryTrail(owner, shop, { table: 'orders', row: order.id, since: '2026-01-01' });
 * for (const { at, actor, operation, before, after } of changes) console.log(at, actor, operation, before, after);
 */
export async function queryTrail(
  engine: Engine,
  system: SystemFacts,
  query: TrailQuery = {},
): Promise<TrailPage> {
  const limit = query.limit ?? usualChanges;
  if (!Number.isInteger(limit) || limit < 1 || limit > mostChanges) {
    throw new AshlarError('usage', {
      message: `A page of an audit trail cannot have ${limit} changes.`,
      suggestion: `Give a limit from 1 to ${mostChanges}.`,
    });
  }
  const cursor = query.after === undefined ? undefined : parseCursor(query.after);
  const conditions = trailConditions(system, query);
  const trails = trailsOf(system);
  engine.register(trails);
  const transaction = await engine.begin({ mode: 'read', actor: null, scope: everyScope, asOwner: true });
  try {
    const pages: TrailPage[] = [];
    for (const trail of trails) {
      const sql = selectSql(
        trail,
        [...conditions, ...(cursor ? [isAfter(cursor, trailName(system.name, trail.name))] : [])],
        limit,
      );
      const { rows } = await transaction.execute(sql, []);
      const changes = rows.map((row) => changeOf(system, trail, row));
      pages.push(pageOf(changes, limit));
    }
    return mergePages(pages, limit);
  } finally {
    await transaction.rollback();
  }
}

/** Merges several pages of changes into one page, with the newest change first. */
export function mergePages(pages: readonly TrailPage[], limit = usualChanges): TrailPage {
  const all = pages.flatMap(({ changes }) => changes).sort(newestFirst);
  const page = pageOf(all, limit);
  const last = page.changes.at(-1);
  return page.next === null && last && pages.some(({ next }) => next !== null)
    ? { ...page, next: cursorOf(last) }
    : page;
}

function pageOf(changes: readonly TrailChange[], limit: number): TrailPage {
  const page = changes.slice(0, limit);
  const last = page.at(-1);
  return { changes: page, next: changes.length > limit && last ? cursorOf(last) : null };
}

/** The position of a change in the order by time, then audit trail, then number of the change. */
export interface Cursor {
  readonly at: string;
  readonly trail: string;
  readonly id: number;
}

// the order of changes: by time, then by trail, then by number; a cursor holds all three
const trailName = (system: string, trail: string): string => `${system}/${trail}`;

function cursorOf({ at, system, trail, id }: TrailChange): string {
  return `${at},${trailName(system, trail)},${id}`;
}

/** Parses the text of a cursor. @throws AshlarError `usage` if it is not valid */
export function parseCursor(text: string): Cursor {
  const [, at, trail, id] = /^([\d:.TZ-]+),([^,]+),(\d{1,15})$/.exec(text) ?? [];
  if (at !== undefined && trail !== undefined && id !== undefined) return { at, trail, id: Number(id) };
  throw new AshlarError('usage', {
    message: 'Invalid cursor of an audit trail.',
    suggestion: 'Give the `next` of the previous page.',
  });
}

function newestFirst(a: TrailChange, b: TrailChange): number {
  if (a.at !== b.at) return a.at < b.at ? 1 : -1;
  const [left, right] = [trailName(a.system, a.trail), trailName(b.system, b.trail)];
  if (left !== right) return left < right ? -1 : 1;
  return b.id - a.id;
}

function selectSql(trail: GuardedTable, conditions: readonly string[], limit: number): string {
  const columns = 'id, at, actor, scope, role, table_name, operation, row_key, before, after, unseen';
  const where = conditions.length > 0 ? `\nWHERE ${conditions.join('\n  AND ')}` : '';
  return `SELECT ${columns.split(', ').map(identifier).join(', ')} FROM ${identifier(trail.name)}${where}
ORDER BY at DESC, id DESC
LIMIT ${limit + 1}`;
}

function isAfter({ at, trail, id }: Cursor, own: string): string {
  const older = `at < ${literal(at)}`;
  const same = `at = ${literal(at)}`;
  if (own === trail) return `(${older} OR (${same} AND id < ${id}))`;
  return own > trail ? `(${older} OR ${same})` : older;
}

function changeOf(
  system: SystemFacts,
  trail: GuardedTable,
  row: Readonly<Record<string, unknown>>,
): TrailChange {
  const text = (name: string): string | null => (row[name] === null ? null : String(row[name]));
  return {
    system: system.name,
    trail: trail.name,
    id: Number(row.id),
    at: String(row.at),
    actor: text('actor'),
    scope: text('scope'),
    role: String(row.role),
    table: String(row.table_name),
    operation: row.operation as TrailChange['operation'],
    row_key: row.row_key as TrailChange['row_key'],
    before: row.before as TrailChange['before'],
    after: row.after as TrailChange['after'],
    unseen: (row.unseen ?? []) as readonly string[],
  };
}

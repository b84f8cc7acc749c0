import type { Engine } from '../contract/engine.js';
import type { GuardedTable } from '../contract/guarantee.js';
import type { SystemFacts } from '../contract/system.js';

import { AshlarError } from '../errors.js';
import { everyScope, identifier, literal } from '../model/index.js';

/**
 * The conditions that select changes from the audit trails, and the page to return. A property that is left out does
 * not restrict the selection.
 */
export interface TrailQuery {
  /** Selects only the changes of this table. */
  readonly table?: string | undefined;
  /** Selects only the changes of the row with this primary key (the value of each key column, as text). */
  readonly row?: Readonly<Record<string, string>> | undefined;
  readonly actor?: string | undefined;
  /** Selects only changes at or after this time (ISO 8601, UTC, with six fractional digits). */
  readonly since?: string | undefined;
  /** Selects only changes before this time (ISO 8601, UTC, with six fractional digits). */
  readonly until?: string | undefined;
  /** The maximum number of changes on a page, from 1 to 1,000; 50 by default. */
  readonly limit?: number | undefined;
  /** The cursor of the page to return: the value of `next` in the previous page; without it, the first page. */
  readonly after?: string | undefined;
}

type Json = Readonly<Record<string, unknown>>;

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
  readonly row_key: Json;
  readonly before: Json | null;
  readonly after: Json | null;
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

/** Returns the tables of a system that are audit trails. */
export function trailsOf(system: Pick<SystemFacts, 'tables'>): readonly GuardedTable[] {
  return Object.values(system.tables).filter(({ facts }) => facts.trail);
}

/**
 * Reads one page of changes from the audit trails of a system, with the newest change first. The connected role must be
 * the owner or the auditor: the page has the changes of every scope.
 *
 * @throws AshlarError `usage` for a cursor or a limit that is not valid; `privilege-missing` when the user may not read
 *   a trail
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
  const trails = trailsOf(system);
  engine.register(trails);
  const transaction = await engine.begin({ mode: 'read', actor: null, scope: everyScope, asOwner: true });
  try {
    const pages: TrailPage[] = [];
    for (const trail of trails) {
      const sql = selectSql(system, trail, { ...query, limit }, cursor);
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

function selectSql(
  system: SystemFacts,
  trail: GuardedTable,
  query: TrailQuery & { limit: number },
  cursor: Cursor | undefined,
): string {
  const { table, row, actor, since, until, limit } = query;
  const conditions = [
    ...(table === undefined ? [] : [`table_name = ${literal(table)}`]),
    ...Object.entries(row ?? {}).map(
      ([name, value]) => `CAST(row_key ->> ${literal(name)} AS text) = ${literal(value)}`,
    ),
    ...(actor === undefined ? [] : [`actor = ${literal(actor)}`]),
    ...(since === undefined ? [] : [`at >= ${literal(since)}`]),
    ...(until === undefined ? [] : [`at < ${literal(until)}`]),
    ...(cursor ? [isAfter(cursor, trailName(system.name, trail.name))] : []),
  ];
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
    row_key: row.row_key as Json,
    before: row.before as Json | null,
    after: row.after as Json | null,
    unseen: (row.unseen ?? []) as readonly string[],
  };
}

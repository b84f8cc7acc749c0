import { AshlarError, type Insert, parseInput, timestamp } from 'ashlar';
import { z } from 'zod';
import { type AuditLog, auditLogs, type WillsSession } from './tables.js';

/** An event to record in `audit_logs`. The database assigns `id` and `created_at`. */
export type AuditEvent = Omit<Insert<typeof auditLogs>, 'id' | 'created_at'>;

/** The types of events that only the services of this system record: they are evidence of what the services did. */
const ownTypes: readonly string[] = [
  'advice.held',
  'clause.published',
  'clause.superseded',
  'consent.granted',
  'consent.receipt',
  'consent.withdrawn',
  'will.assembled',
];

/**
 * Writes an event to `audit_logs` in the session's transaction, so that the event and the change it describes commit or
 * roll back together. `user_id` defaults to the session's actor; `null` records an event without a user.
 *
 * @returns the stored row
 * @throws AshlarError `value-invalid`, `value-unstorable`; `input-invalid` for a type of event that only the services of this
 *   system record, such as `consent.receipt`
 */
export async function recordEvent(s: WillsSession, event: AuditEvent): Promise<AuditLog> {
  if (ownTypes.includes(event.event_type)) {
    throw new AshlarError('input-invalid', {
      message: `Only the services of this system record events of the type ${event.event_type}.`,
      suggestion: `Choose another type. Types of this system are ${ownTypes.join(', ')}.`,
    });
  }
  return writeEvent(s, event);
}

/** Writes an event of a service of this system, as {@link recordEvent} does. */
export function writeEvent(s: WillsSession, event: AuditEvent): Promise<AuditLog> {
  return s.insert(auditLogs, { ...event, user_id: event.user_id === undefined ? s.actor : event.user_id });
}

const cursor = z.strictObject({ created_at: timestamp(), id: z.uuid() });

const query = z.strictObject({
  event_type: z.string().optional(),
  user_id: z.string().optional(),
  category: z.string().optional(),
  from: timestamp().optional(),
  to: timestamp().optional(),
  before: cursor.optional(),
  limit: z.int().min(1).max(1_000).default(100),
});

/**
 * The filters and paging options of {@link queryEvents}. `from` is inclusive, `to` exclusive, both ISO timestamps in
 * UTC. `limit` is 1 to 1,000 events, 100 by default. `before` is the `next` of the preceding page.
 */
export type EventQuery = z.input<typeof query>;

/**
 * A page of events from `audit_logs`, newest first. `next` is the cursor of the following page, `undefined` on the last
 * page.
 */
export interface EventPage {
  readonly events: readonly AuditLog[];
  readonly next: z.output<typeof cursor> | undefined;
}

/**
 * Reads a page of `audit_logs`, newest first. Pages are stable: events written between two calls do not shift the
 * following pages.
 *
 * @throws AshlarError `input-invalid`
 */
export async function queryEvents(s: WillsSession, input: EventQuery = {}): Promise<EventPage> {
  const { event_type, user_id, category, from, to, before, limit } = parseInput(
    'Invalid audit query',
    query,
    input,
  );
  let page = s.query.selectFrom('audit_logs').selectAll();
  if (event_type !== undefined) page = page.where('event_type', '=', event_type);
  if (user_id !== undefined) page = page.where('user_id', '=', user_id);
  if (category !== undefined) page = page.where('event_category', '=', category);
  if (from !== undefined) page = page.where('created_at', '>=', from);
  if (to !== undefined) page = page.where('created_at', '<', to);
  if (before) {
    page = page
      // a separate condition, so that the planner skips partitions newer than the cursor
      .where('created_at', '<=', before.created_at)
      .where((on) => on.or([on('created_at', '<', before.created_at), on('id', '<', before.id)]));
  }
  const found = await page
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  const events = found.slice(0, limit);
  const last = events.at(-1);
  return {
    events,
    next: found.length > limit && last ? { created_at: last.created_at, id: last.id } : undefined,
  };
}

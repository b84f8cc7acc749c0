import { type Insert, parseInput, timestamp } from 'ashlar';
import { z } from 'zod';
import { type AuditLog, auditLogs, type WillsSession } from './tables.js';

/** What happened. Its id and time are the system's to give. */
export type AuditEvent = Omit<Insert<typeof auditLogs>, 'id' | 'created_at'>;

/**
 * Writes an event to the audit trail, in the transaction of what it tells about: both are kept, or neither. Where
 * `user_id` is left out, it is the session's actor.
 *
 * @throws AshlarError `value-invalid`, `value-unstorable`
 */
export const recordEvent = (s: WillsSession, event: AuditEvent): Promise<AuditLog> =>
  s.insert(auditLogs, { ...event, user_id: event.user_id === undefined ? s.actor : event.user_id });

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

/** Which events: `from` is inclusive, `to` exclusive; `limit` at most 1,000, by default 100; `before` is a page's `next`. */
export type EventQuery = z.input<typeof query>;

/** Events, newest first, and where the next page begins; `next` is `undefined` on the last one. */
export interface EventPage {
  readonly events: readonly AuditLog[];
  readonly next: z.output<typeof cursor> | undefined;
}

/**
 * A page of the audit trail, newest first. Events written meanwhile do not shift the pages that follow.
 *
 * @throws AshlarError `input-invalid`
 */
export const queryEvents = async (s: WillsSession, input: EventQuery = {}): Promise<EventPage> => {
  const { event_type, user_id, category, from, to, before, limit } = parseInput(
    'The audit query',
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
      // said apart from the tie, so that partitions after the cursor are not looked at
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
};

import { type Insert, parseInput } from 'ashlar';
import { z } from 'zod';
import { type LoginRef, requireSelfOrAdmin } from './guard.js';
import { type AuditRecord, auditLog, type DocuvaultSession } from './tables.js';

/** An event to record in `audit_log`. The database assigns `id` and `created_at`. */
export type AuditEvent = Omit<Insert<typeof auditLog>, 'id' | 'created_at'>;

/**
 * Writes an event to `audit_log` in the session's transaction, so that the event and the change it describes commit or
 * roll back together.
 *
 * @throws AshlarError `value-invalid`, `value-unstorable`
 */
export function recordEvent(s: DocuvaultSession, event: AuditEvent): Promise<AuditRecord> {
  return s.insert(auditLog, event);
}

const query = z.strictObject({
  user_id: z.uuid().optional(),
  action: z.string().optional(),
  resource_id: z.string().optional(),
  before: z.int().optional(),
  limit: z.int().min(1).max(1_000).default(100),
});

/**
 * The filters and paging options of {@link queryEvents}. `limit` is 1 to 1,000 events, 100 by default; `before` is the
 * `next` of the preceding page.
 */
export type AuditQuery = z.input<typeof query>;

/**
 * A page of events from `audit_log`, newest first. `next` is the cursor of the following page, `undefined` on the last
 * page.
 */
export interface AuditPage {
  readonly events: readonly AuditRecord[];
  readonly next: number | undefined;
}

/**
 * Reads a page of `audit_log`, newest first: for a user the events of that user, for an administrator those of all users.
 * Pages are stable: events written between two calls do not shift the following pages.
 *
 * @throws AshlarError `login-required`; `access-denied` when a user names another one; `input-invalid`
 */
export async function queryEvents(
  s: DocuvaultSession,
  { login_token, ...input }: LoginRef & AuditQuery,
): Promise<AuditPage> {
  const about = await requireSelfOrAdmin(s, { login_token, user_id: input.user_id });
  const { action, resource_id, before, limit, ...of } = parseInput('Invalid audit query', query, input);
  const user_id = about.caller.role === 'admin' ? of.user_id : about.user_id;
  let page = s.query.selectFrom('audit_log').selectAll();
  if (user_id !== undefined) page = page.where('user_id', '=', user_id);
  if (action !== undefined) page = page.where('action', '=', action);
  if (resource_id !== undefined) page = page.where('resource_id', '=', resource_id);
  if (before !== undefined) page = page.where('id', '<', before);
  const found = await page
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  const events = found.slice(0, limit);
  return { events, next: found.length > limit ? events.at(-1)?.id : undefined };
}

import { type Insert, parseInput } from 'ashlar';
import { z } from 'zod';
import { type AuditEntry, auditLog, type DocuvaultSession } from './tables.js';

/** What happened. Its number and time are the database's to give. */
export type AuditEvent = Omit<Insert<typeof auditLog>, 'id' | 'created_at'>;

/**
 * Writes an event to the audit log, in the transaction of what it tells about: both are kept, or neither.
 *
 * @throws AshlarError `value-invalid`, `value-unstorable`
 */
export const recordEvent = (s: DocuvaultSession, event: AuditEvent): Promise<AuditEntry> =>
  s.insert(auditLog, event);

const query = z.strictObject({
  user_id: z.uuid().optional(),
  action: z.string().optional(),
  resource_id: z.string().optional(),
  before: z.int().optional(),
  limit: z.int().min(1).max(1_000).default(100),
});

/** Which events; `before` is a page's `next`, `limit` at most 1,000, by default 100. */
export type AuditQuery = z.input<typeof query>;

/** Events, newest first, and where the next page begins; `next` is `undefined` on the last one. */
export interface AuditPage {
  readonly events: readonly AuditEntry[];
  readonly next: number | undefined;
}

/**
 * A page of the audit log, newest first. Events written meanwhile do not shift the pages that follow.
 *
 * @throws AshlarError `input-invalid`
 */
export const queryEvents = async (s: DocuvaultSession, input: AuditQuery = {}): Promise<AuditPage> => {
  const { user_id, action, resource_id, before, limit } = parseInput('The audit query', query, input);
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
};

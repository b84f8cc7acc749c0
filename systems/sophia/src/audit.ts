import { type AuditEntry, auditLog, type Client, type SophiaSession } from './tables.js';

type Details = AuditEntry['details'];

/** What was done. Who and when is the session's and the database's to say. */
export interface Action {
  /** Whose row it was about; `null` for what is nobody's, which only a session of every scope may write. */
  readonly client_id: string | null;
  /** `client.updated`, `voice.added`, … */
  readonly action: string;
  readonly details?: Details;
  readonly before?: Details;
  readonly after?: Details;
}

/**
 * Writes a line to the audit log, in the transaction of what it tells about: both are kept, or neither. The actor is the
 * session's, else `sophia`.
 *
 * @throws AshlarError `value-invalid`; `guarantee-violated` for a client of another scope
 */
export const recordAction = (s: SophiaSession, action: Action): Promise<AuditEntry> =>
  s.insert(auditLog, {
    client_id: action.client_id,
    action: action.action,
    ...(s.actor === null ? {} : { actor: s.actor }),
    details: action.details ?? null,
    before_snapshot: action.before ?? null,
    after_snapshot: action.after ?? null,
  });

/** Which lines: of one action only, at most `limit` (by default 100), those before the one with the id `before`. */
export interface ActionQuery {
  readonly action?: string | undefined;
  readonly before?: string | undefined;
  readonly limit?: number | undefined;
}

/** The audit log of a client, newest first; the last line's id is the `before` of the next page. */
export const clientActions = async (
  s: SophiaSession,
  client_id: Client['id'],
  { action, before, limit = 100 }: ActionQuery = {},
): Promise<AuditEntry[]> => {
  let page = s.query.selectFrom('audit_log').selectAll().where('client_id', '=', client_id);
  if (action !== undefined) page = page.where('action', '=', action);
  // keys are UUIDs of version 7, which sort by the time they were made
  if (before !== undefined) page = page.where('id', '<', before);
  return page.orderBy('id', 'desc').limit(limit).execute();
};

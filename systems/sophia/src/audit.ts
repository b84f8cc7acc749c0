import { storeContent, withContents } from './contents.js';
import { type AuditRecord, auditLog, type Client, type SophiaSession } from './tables.js';

type Details = AuditRecord['details'];

/** An action to record in `audit_log`. The session supplies the actor, the database the time. */
export interface Action {
  /**
   * The client that the action concerns; `null` if it concerns no client (only sessions of every scope may record such
   * an action).
   */
  readonly client_id: string | null;
  /** The name of the action, for example `client.updated` or `voice.added`. */
  readonly action: string;
  readonly details?: Details;
  readonly before?: Details;
  readonly after?: Details;
}

/**
 * Writes a row to `audit_log`, and its content under the client's key, in the session's transaction, so that the row and the change it describes commit or roll
 * back together. The actor is the session's, `sophia` by default.
 *
 * @throws AshlarError `value-invalid`; `guarantee-violated` for a client of another scope; `scope-shredded` for a client who
 *   was erased; `key-missing` without COLUMN_KEY
 */
export async function recordAction(s: SophiaSession, action: Action): Promise<AuditRecord> {
  const { client_id } = action;
  const content = {
    details: action.details ?? null,
    before_snapshot: action.before ?? null,
    after_snapshot: action.after ?? null,
  };
  const row = await s.insert(auditLog, {
    client_id,
    action: action.action,
    ...(s.actor === null ? {} : { actor: s.actor }),
    ...(client_id === null ? content : {}),
  });
  if (client_id === null) return row;
  // also an empty one: another writer could give the row a content later otherwise
  await storeContent(s, 'audit_log', { id: row.id, client_id }, content);
  return { ...row, ...content };
}

/**
 * Writes the row of `audit_log` that says that a client was erased. It has no content: the key that would encrypt it is
 * destroyed next.
 */
export async function recordErasure(s: SophiaSession, client_id: Client['id']): Promise<void> {
  const actor = s.actor === null ? {} : { actor: s.actor };
  await s.insert(auditLog, { client_id, action: 'client.erased', ...actor });
}

/**
 * The filters of {@link clientActions}: only rows with the given `action`, only rows older than the row with the id
 * `before`, and at most `limit` rows (100 by default).
 */
export interface ActionQuery {
  readonly action?: string | undefined;
  readonly before?: string | undefined;
  readonly limit?: number | undefined;
}

/**
 * Reads a client's rows of `audit_log` with their contents, newest first. Pass the id of the last row as `before` to read the
 * next page. After the client was erased the rows have no contents.
 */
export async function clientActions(
  s: SophiaSession,
  client_id: Client['id'],
  { action, before, limit = 100 }: ActionQuery = {},
): Promise<AuditRecord[]> {
  let page = s.query.selectFrom('audit_log').selectAll().where('client_id', '=', client_id);
  if (action !== undefined) page = page.where('action', '=', action);
  // ids are version 7 UUIDs, which sort by creation time
  if (before !== undefined) page = page.where('id', '<', before);
  return withContents(
    s,
    { log: 'audit_log', client_id, fields: ['details', 'before_snapshot', 'after_snapshot'] },
    await page.orderBy('id', 'desc').limit(limit).execute(),
  );
}

import { AshlarError, type Update } from 'ashlar';
import { recordAction } from './audit.js';
import { isMvpReady, profileCompleteness } from './completeness.js';
import {
  type AuditRecord,
  type Client,
  clients,
  dossierFields,
  managedFields,
  type SophiaSession,
} from './tables.js';

/**
 * Asserts that callers may write the named columns of a dossier.
 *
 * @throws AshlarError `input-invalid`
 */
export function assertFields(names: readonly string[]): void {
  const unknown = names.find((name) => !(dossierFields as readonly string[]).includes(name));
  if (unknown === undefined) return;
  throw new AshlarError('input-invalid', {
    message: `${unknown} is not a writable field of a dossier.`,
    detail: (managedFields as readonly string[]).includes(unknown)
      ? `Only the services of this system set ${unknown}.`
      : undefined,
    suggestion: `Writable fields: ${dossierFields.join(', ')}.`,
  });
}

/**
 * Returns a client's dossier and locks it until the session ends.
 *
 * @throws AshlarError `row-not-found`
 */
export async function lockClient(s: SophiaSession, id: string): Promise<Client> {
  const client = await s.query
    .selectFrom('clients')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  if (client) return client;
  throw clientNotFound(id);
}

/** Creates the error `row-not-found` for a client that does not exist or is not in the session's scope. */
export function clientNotFound(id: string): AshlarError {
  return new AshlarError('row-not-found', {
    message: `Client ${id} does not exist, or this session cannot see it.`,
    suggestion: 'Check the id and the scope of the session.',
  });
}

/**
 * Returns a client's dossier and locks it until the session ends; throws if the dossier is archived.
 *
 * @throws AshlarError `row-not-found`; `state-conflict` when the client is archived
 */
export async function lockActiveClient(s: SophiaSession, id: string): Promise<Client> {
  const client = await lockClient(s, id);
  if (!client.is_archived) return client;
  throw new AshlarError('state-conflict', {
    message: `Client ${client.name} is archived.`,
    detail: 'An archived dossier cannot change.',
    suggestion: 'Restore the client first.',
  });
}

/** The description of a change: `action` and `details` for the row of `audit_log`, `summary` for the dossier. */
export interface ChangeInfo {
  readonly action: string;
  readonly summary: string;
  readonly details?: AuditRecord['details'];
}

/** Computes the completeness and the readiness of a dossier, two figures that CHECK constraints verify. */
export function figuresOf(
  client: Parameters<typeof profileCompleteness>[0] & Parameters<typeof isMvpReady>[0],
): Pick<Client, 'profile_completeness_pct' | 'is_mvp_ready'> {
  return {
    profile_completeness_pct: profileCompleteness(client),
    is_mvp_ready: isMvpReady(client),
  };
}

/**
 * Updates a locked dossier and its computed figures, and records the change in `audit_log`. Every service that changes
 * a dossier calls this function.
 */
export async function changeClient(
  s: SophiaSession,
  before: Client,
  changes: Update<typeof clients>,
  { action, summary, details = null }: ChangeInfo,
): Promise<Client> {
  const after = await s.update(clients, before.id, {
    last_activity_at: s.now(),
    ...changes,
    ...figuresOf({ ...before, ...changes }),
    last_action_summary: summary,
  });
  await recordAction(s, { client_id: before.id, action, details, before, after });
  return after;
}

import { AshlarError, type Update } from 'ashlar';
import { recordAction } from './audit.js';
import { isMvpReady, profileCompleteness } from './completeness.js';
import {
  type AuditEntry,
  type Client,
  clients,
  dossierFields,
  keptFields,
  type SophiaSession,
} from './tables.js';

/** Refuses names that are no columns of a dossier, or not a caller's to write. @throws AshlarError `input-invalid` */
export const assertFields = (names: readonly string[]): void => {
  const unknown = names.find((name) => !(dossierFields as readonly string[]).includes(name));
  if (unknown === undefined) return;
  throw new AshlarError('input-invalid', {
    message: `${unknown} is no field of a dossier that can be written.`,
    detail: (keptFields as readonly string[]).includes(unknown)
      ? `${unknown} is kept by the services.`
      : undefined,
    suggestion: `There are: ${dossierFields.join(', ')}.`,
  });
};

/** The dossier with that id, locked until the session ends. @throws AshlarError `row-not-found` */
export const lockClient = async (s: SophiaSession, id: string): Promise<Client> => {
  const client = await s.query
    .selectFrom('clients')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  if (client) return client;
  throw new AshlarError('row-not-found', {
    message: `There is no client ${id} that this session may see.`,
    suggestion: 'Check the id, and the scope of the session.',
  });
};

/** As {@link lockClient}, for work on a client that is not archived. @throws AshlarError `row-not-found`, `state-conflict` */
export const lockActiveClient = async (s: SophiaSession, id: string): Promise<Client> => {
  const client = await lockClient(s, id);
  if (!client.is_archived) return client;
  throw new AshlarError('state-conflict', {
    message: `The client ${client.name} is archived.`,
    detail: 'An archived dossier stays as it was.',
    suggestion: 'Restore it first.',
  });
};

/** What a change is called in the audit log, and in the dossier itself. */
export interface Reason {
  readonly action: string;
  readonly summary: string;
  readonly details?: AuditEntry['details'];
}

/** The figures of a dossier as they must stand in its row. */
export const figuresOf = (
  client: Parameters<typeof profileCompleteness>[0] & Parameters<typeof isMvpReady>[0],
): Pick<Client, 'profile_completeness_pct' | 'is_mvp_ready'> => ({
  profile_completeness_pct: profileCompleteness(client),
  is_mvp_ready: isMvpReady(client),
});

/** Changes a locked dossier, with its figures, and writes it down in the audit log: the one door for all services. */
export const changeClient = async (
  s: SophiaSession,
  before: Client,
  changes: Update<typeof clients>,
  { action, summary, details = null }: Reason,
): Promise<Client> => {
  const after = await s.update(clients, before.id, {
    last_activity_at: s.now(),
    ...changes,
    ...figuresOf({ ...before, ...changes }),
    last_action_summary: summary,
  });
  await recordAction(s, { client_id: before.id, action, details, before, after });
  return after;
};

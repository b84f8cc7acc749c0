import { isDeepStrictEqual } from 'node:util';
import { AshlarError, type Insert, isAshlarError, type Update } from 'ashlar';
import { recordAction } from './audit.js';
import { assertFields, changeClient, figuresOf, lockActiveClient, lockClient } from './dossier.js';
import { assertNotInKnowledge } from './knowledge.js';
import { nameKey } from './name-key.js';
import { type Client, clients, type DossierField, dossierFields, type SophiaSession } from './tables.js';

/** The fields of a new client's dossier. The service sets its figures, state and times. */
export type NewClient = Pick<Insert<typeof clients>, DossierField>;

/** The fields of a client's dossier to change, with their new values. Omitted fields keep their value. */
export type ClientChanges = Pick<Update<typeof clients>, DossierField>;

/**
 * Creates a client with a dossier. Only a session of every scope may name clients.
 *
 * @throws AshlarError `state-conflict` when the name is taken; `input-invalid` when the name occurs in the
 *   institutional knowledge, or a field is read-only; `value-invalid`; `guarantee-violated` in a session of one scope
 */
export async function createClient(s: SophiaSession, fields: NewClient): Promise<Client> {
  assertFields(Object.keys(fields));
  await assertNotInKnowledge(s, fields.name);
  const filled = Object.fromEntries(
    dossierFields.map((field) => [field, fields[field] ?? null]),
  ) as unknown as Client;
  const created = await refuseDuplicateName(s, fields.name, (inner) =>
    inner.insert(clients, {
      ...filled,
      name_key: keyOf(fields.name),
      ...figuresOf(filled),
      last_activity_at: s.now(),
      last_action_summary: 'Created',
    }),
  );
  await recordAction(s, { client_id: created.id, action: 'client.created', after: created });
  return created;
}

/**
 * Updates fields of a client's dossier. Without an actual change nothing is written.
 *
 * @throws AshlarError `row-not-found`; `state-conflict` when the dossier is archived or the new name is taken;
 *   `input-invalid` and `value-invalid` as in {@link createClient}; `guarantee-violated` when a session of one scope
 *   changes the name
 */
export async function updateClient(
  s: SophiaSession,
  id: Client['id'],
  changes: ClientChanges,
): Promise<Client> {
  assertFields(Object.keys(changes));
  const before = await lockActiveClient(s, id);
  const fields = dossierFields.filter(
    (field) => changes[field] !== undefined && !isDeepStrictEqual(changes[field], before[field]),
  );
  if (fields.length === 0) return before;
  const changed: Update<typeof clients> = Object.fromEntries(fields.map((field) => [field, changes[field]]));
  if (changed.name !== undefined) {
    await assertNotInKnowledge(s, changed.name);
    changed.name_key = keyOf(changed.name);
  }
  return refuseDuplicateName(s, changed.name ?? before.name, (inner) =>
    changeClient(inner, before, changed, {
      action: 'client.updated',
      summary: `Updated ${fields.join(', ')}`,
      details: { fields },
    }),
  );
}

/**
 * Archives a client's dossier, so that it cannot change until {@link restoreClient} restores it. Archiving an archived
 * dossier has no effect.
 *
 * @throws AshlarError `row-not-found`
 */
export async function archiveClient(s: SophiaSession, id: Client['id'], reason?: string): Promise<Client> {
  const before = await lockClient(s, id);
  if (before.is_archived) return before;
  const now = s.now();
  return changeClient(
    s,
    before,
    { is_archived: true, archived_at: now, last_activity_at: now },
    {
      action: 'client.archived',
      summary: 'Archived',
      details: reason === undefined ? null : { reason },
    },
  );
}

/**
 * Makes an archived dossier active again, with unchanged content. Restoring an active dossier has no effect.
 *
 * @throws AshlarError `row-not-found`; `state-conflict` when the client was erased
 */
export async function restoreClient(s: SophiaSession, id: Client['id']): Promise<Client> {
  const before = await lockClient(s, id);
  if (!before.is_archived) return before;
  if (before.erased_at !== null) {
    throw new AshlarError('state-conflict', {
      message: `Client ${id} was erased on ${before.erased_at}.`,
      detail: 'The data was deleted, and the key of the records destroyed.',
      suggestion: 'Create a new client.',
    });
  }
  return changeClient(
    s,
    before,
    { is_archived: false, archived_at: null },
    { action: 'client.restored', summary: 'Restored' },
  );
}

/**
 * Lists the clients visible to the session, sorted by name: the active clients, or the archived clients if `archived`
 * is true.
 */
export function listClients(
  s: SophiaSession,
  { archived = false }: { readonly archived?: boolean | undefined } = {},
): Promise<Client[]> {
  return s.query
    .selectFrom('clients')
    .selectAll()
    .where('is_archived', '=', archived)
    .orderBy('name')
    .execute();
}

/**
 * Returns the client with the given name, regardless of its case and of the form of its characters; `undefined` if no client
 * with this name is visible to the session.
 */
export function findClient(s: SophiaSession, name: string): Promise<Client | undefined> {
  return s.query.selectFrom('clients').selectAll().where('name_key', '=', nameKey(name)).executeTakeFirst();
}

// the table's schema refuses a name that is not a string
const keyOf = (name: unknown): string => (typeof name === 'string' ? nameKey(name) : '?');

const refuseDuplicateName = async <T>(
  s: SophiaSession,
  name: string,
  write: (inner: SophiaSession) => Promise<T>,
): Promise<T> => {
  try {
    return await s.session(write);
  } catch (error) {
    const columns = isAshlarError(error, 'unique-violation') ? (error.facts.columns ?? []) : [];
    if (!columns.some((column) => column === 'name' || column === 'name_key')) throw error;
    throw new AshlarError('state-conflict', {
      message: `A client named ${name} already exists.`,
      detail: 'Names are compared regardless of case and of the form of their characters (NFKC).',
      suggestion: 'Update that client, or restore it if it is archived.',
      cause: error,
    });
  }
};

import { isDeepStrictEqual } from 'node:util';
import { AshlarError, type Insert, type Update } from 'ashlar';
import { recordAction } from './audit.js';
import { assertFields, changeClient, figuresOf, lockActiveClient, lockClient } from './dossier.js';
import { assertNotInKnowledge } from './knowledge.js';
import { type Client, clients, type DossierField, dossierFields, type SophiaSession } from './tables.js';

/** A dossier to begin. Its figures, its state and its times are the system's to give. */
export type NewClient = Pick<Insert<typeof clients>, DossierField>;

/** What changes; what is left out stays as it was. */
export type ClientChanges = Pick<Update<typeof clients>, DossierField>;

/**
 * Begins a dossier. Only a session of every scope may name clients.
 *
 * @throws AshlarError `state-conflict` when the name is taken; `input-invalid` when it stands in the institutional
 *   knowledge, or a field is not a caller's to write; `value-invalid`; `guarantee-violated` in a session of one scope
 */
export const createClient = async (s: SophiaSession, fields: NewClient): Promise<Client> => {
  assertFields(Object.keys(fields));
  await assertNotInKnowledge(s, fields.name);
  const filled = Object.fromEntries(
    dossierFields.map((field) => [field, fields[field] ?? null]),
  ) as unknown as Client;
  const created = await refuseTaken(s, fields.name, (inner) =>
    inner.insert(clients, {
      ...filled,
      ...figuresOf(filled),
      last_activity_at: s.now(),
      last_action_summary: 'Created',
    }),
  );
  await recordAction(s, { client_id: created.id, action: 'client.created', after: created });
  return created;
};

/**
 * Changes a dossier; what is known already changes nothing and is not told again.
 *
 * @throws AshlarError `row-not-found`; `state-conflict` when it is archived, or the new name is taken; `input-invalid` and
 *   `value-invalid` as `createClient`; `guarantee-violated` when a session of one scope gives another name
 */
export const updateClient = async (
  s: SophiaSession,
  id: Client['id'],
  changes: ClientChanges,
): Promise<Client> => {
  assertFields(Object.keys(changes));
  const before = await lockActiveClient(s, id);
  const fields = dossierFields.filter(
    (field) => changes[field] !== undefined && !isDeepStrictEqual(changes[field], before[field]),
  );
  if (fields.length === 0) return before;
  const changed: ClientChanges = Object.fromEntries(fields.map((field) => [field, changes[field]]));
  if (changed.name !== undefined) await assertNotInKnowledge(s, changed.name);
  return refuseTaken(s, changed.name ?? before.name, (inner) =>
    changeClient(inner, before, changed, {
      action: 'client.updated',
      summary: `Updated ${fields.join(', ')}`,
      details: { fields },
    }),
  );
};

/** Puts a dossier away: it stays as it is until it is restored. One that is archived already is left alone. @throws AshlarError `row-not-found` */
export const archiveClient = async (s: SophiaSession, id: Client['id'], reason?: string): Promise<Client> => {
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
};

/** Takes a dossier up again, as it was put away. One that is not archived is left alone. @throws AshlarError `row-not-found` */
export const restoreClient = async (s: SophiaSession, id: Client['id']): Promise<Client> => {
  const before = await lockClient(s, id);
  if (!before.is_archived) return before;
  return changeClient(
    s,
    before,
    { is_archived: false, archived_at: null },
    { action: 'client.restored', summary: 'Restored' },
  );
};

/** The clients that the session may see, by name; archived ones only where asked for. */
export const listClients = (
  s: SophiaSession,
  { archived = false }: { readonly archived?: boolean | undefined } = {},
): Promise<Client[]> =>
  s.query.selectFrom('clients').selectAll().where('is_archived', '=', archived).orderBy('name').execute();

/** The client of that name, `undefined` where the session sees none. */
export const findClient = (s: SophiaSession, name: string): Promise<Client | undefined> =>
  s.query.selectFrom('clients').selectAll().where('name', '=', name).executeTakeFirst();

const refuseTaken = async <T>(
  s: SophiaSession,
  name: string,
  write: (inner: SophiaSession) => Promise<T>,
): Promise<T> => {
  try {
    return await s.session(write);
  } catch (error) {
    if (!(error instanceof AshlarError) || error.code !== 'unique-violation') throw error;
    throw new AshlarError('state-conflict', {
      message: `There is a client named ${name} already.`,
      suggestion: 'Update that one, or restore it if it is archived.',
      cause: error,
    });
  }
};

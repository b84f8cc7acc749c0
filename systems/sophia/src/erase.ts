import { randomUUID } from 'node:crypto';
import { type Database, everyScope } from 'ashlar';
import { shred } from 'ashlar/keys';
import { recordErasure } from './audit.js';
import { figuresOf, lockClient } from './dossier.js';
import { nameKey } from './name-key.js';
import { type Remainder, remaindersOf } from './remainders.js';
import {
  type Client,
  clientKeys,
  clients,
  dossierFields,
  type SophiaSession,
  type tables,
  voiceMaterials,
  voiceProfiles,
} from './tables.js';

/** What was erased of a client, and what stays. */
export interface Erasure {
  readonly client_id: Client['id'];
  /** When the client was erased; an erasure that is repeated keeps the first time. */
  readonly erased_at: string;
  /** The number of rows that were deleted, by table. */
  readonly deleted: { readonly voice_materials: number; readonly voice_profiles: number };
  /** The number of keys that were destroyed: 0 if they had been before, or the client had no records. */
  readonly keys: number;
  /** What stays, where and why. */
  readonly stays: readonly Remainder[];
}

/** Options of {@link eraseClient}. */
export interface EraseOptions {
  /** Who erases: an id, not the name of the client. */
  readonly actor?: string | null | undefined;
}

/**
 * Erases a client on request (GDPR art. 17, POPIA s24): deletes texts and voice, empties the dossier, and destroys the key under
 * which all records of the client are encrypted, also those that are never changed. It cannot be undone. Repeat it when it
 * was interrupted.
 *
 * @throws AshlarError `row-not-found`; `usage` inside a session
 */
export async function eraseClient(
  db: Database<typeof tables>,
  id: Client['id'],
  { actor = null }: EraseOptions = {},
): Promise<Erasure> {
  const context = { actor, scope: everyScope };
  const { erased_at, deleted } = await db.session(context, (s) => emptyClient(s, id));
  const { keys } = await shred(db, id, { actor, vacuum: false });
  const rewritten = await db.engine.vacuum([clients, voiceMaterials, voiceProfiles, clientKeys]);
  const dialect = db.engine.dialect.name;
  const stays = await db.read(context, (s) => remaindersOf(s, id, { dialect, rewritten }));
  return { client_id: id, erased_at, deleted, keys, stays };
}

const emptyClient = async (
  s: SophiaSession,
  id: Client['id'],
): Promise<Pick<Erasure, 'erased_at' | 'deleted'>> => {
  const before = await lockClient(s, id);
  const gone = async (table: 'voice_materials' | 'voice_profiles'): Promise<number> => {
    const { numDeletedRows } = await s.query
      .deleteFrom(table)
      .where('client_id', '=', id)
      .executeTakeFirstOrThrow();
    return Number(numDeletedRows);
  };
  const deleted = {
    voice_materials: await gone('voice_materials'),
    voice_profiles: await gone('voice_profiles'),
  };
  if (before.erased_at !== null) return { erased_at: before.erased_at, deleted };
  const now = s.now();
  // nobody can have taken it before, as the client's id could have been
  const name = `erased ${randomUUID()}`;
  const empty = Object.fromEntries(dossierFields.map((field) => [field, null])) as unknown as Client;
  await s.update(clients, id, {
    ...empty,
    name,
    name_key: nameKey(name),
    industry: 'erased',
    ...figuresOf(empty),
    is_archived: true,
    archived_at: before.archived_at ?? now,
    last_activity_at: now,
    last_action_summary: null,
    erased_at: now,
  });
  await recordErasure(s, id);
  return { erased_at: now, deleted };
};

import { AshlarError } from 'ashlar';
import { shred } from 'ashlar/keys';
import { recordEvent } from './audit.js';
import { type Confirmation, confirmCaller } from './confirm.js';
import { releaseAll, removeRows } from './documents.js';
import { notFound } from './errors.js';
import { type AboutUser, requireSelfOrAdmin } from './guard.js';
import { endLogins } from './refresh-tokens.js';
import type { DocuvaultSession } from './tables.js';
import { forgetFailures } from './throttle.js';
import { keepAnAdmin } from './users.js';
import { assertNoSession, type Vault } from './vault.js';

/** How many documents a transaction deletes. */
const batchSize = 200;

/** The numbers of documents and bytes that {@link deleteUser} deleted. */
export interface DeletedUser {
  readonly documents: number;
  readonly bytes: number;
}

/**
 * Deletes a user, for that user or an administrator, with everything that belongs to the user: documents and their
 * content, folders, topics, shares, connections, logins and the quota. The user's data key is shredded, so that the TOTP
 * secret and the credentials cannot be read in the database's later backups. The events in `audit_log` stay: they name the
 * user by id, and documents and folders by name, where they were written before. Free pages of the files may have copies until
 * they are written over, or `ashlar key shred` rewrites them.
 *
 * First the user is deactivated; then documents are deleted in transactions of 200, so that others can write meanwhile. A
 * deletion that was interrupted is completed when an administrator repeats it. The user gives the password again, and a code
 * if TOTP is on.
 *
 * @throws AshlarError `login-required`, `access-denied`; `confirmation-refused`; `row-not-found`; `state-conflict` for the last administrator,
 *   or when the user is activated meanwhile;
 *   `usage` inside a session
 */
export async function deleteUser(
  vault: Vault,
  { login_token, user_id: given, password, code }: AboutUser & Confirmation,
): Promise<DeletedUser> {
  const { db } = vault;
  assertNoSession(db);
  await confirmCaller(db, { login_token, user_id: given }, { password, code });
  const { user_id, by } = await db.session(async (s) => {
    const { user_id, caller } = await requireSelfOrAdmin(s, { login_token, user_id: given });
    await keepAnAdmin(s, user_id);
    const found = await s.query
      .updateTable('users')
      .set({ is_active: false })
      .where('id', '=', user_id)
      .executeTakeFirstOrThrow();
    if (found.numUpdatedRows === 0n) throw notFound('user');
    await endLogins(s, user_id);
    return { user_id, by: caller.user_id };
  });
  const actor = `user:${by}`;
  const deleted = await deleteDocuments(vault, user_id, by);
  await shred(db, user_id, { actor, vacuum: false });
  await db.session({ actor }, async (s) => {
    const user = s.query.selectFrom('users').select('is_active').where('id', '=', user_id).forUpdate();
    if ((await user.executeTakeFirst())?.is_active) throw activated();
    await forgetFailures(s, user_id);
    await s.query.deleteFrom('shares').where('recipient_id', '=', user_id).execute();
    await deleteFolders(s, user_id);
    for (const table of ['topics', 'cloud_connections', 'refresh_tokens', 'quotas'] as const)
      await s.query.deleteFrom(table).where('user_id', '=', user_id).execute();
    // by a query: the shredded secret cannot be decrypted
    await s.query.deleteFrom('users').where('id', '=', user_id).execute();
    await recordEvent(s, {
      user_id,
      action: 'user.deleted',
      resource_type: 'user',
      resource_id: user_id,
      metadata: { by, ...deleted },
    });
  });
  return deleted;
}

const activated = (): AshlarError =>
  new AshlarError('state-conflict', {
    message: 'The user was activated during the deletion.',
    detail: 'The documents that the user had, and the key of the user’s secrets, are deleted.',
    suggestion: 'Repeat the deletion, or leave the user with new documents.',
  });

/** Deletes the folders of a user, those without folders in them first. */
const deleteFolders = async (s: DocuvaultSession, user_id: string): Promise<void> => {
  const own = s.query.deleteFrom('folders').where('user_id', '=', user_id);
  const leaves = own.where((on) =>
    on(
      'id',
      'not in',
      on
        .selectFrom('folders as inner')
        .select('inner.parent_id')
        .where('inner.user_id', '=', user_id)
        .where('inner.parent_id', 'is not', null)
        .$castTo<{ parent_id: string }>(),
    ),
  );
  for (let deleted = 1n; deleted > 0n; ) deleted = (await leaves.executeTakeFirstOrThrow()).numDeletedRows;
};

const deleteDocuments = async (vault: Vault, user_id: string, by: string): Promise<DeletedUser> => {
  let [documents, bytes] = [0, 0];
  for (;;) {
    const batch = await vault.db.session({ actor: `user:${by}` }, (s) =>
      removeRows(s, { user_id, most: batchSize, by, isNamed: false }),
    );
    const deleted = await releaseAll(vault, batch);
    documents += deleted.documents;
    bytes += deleted.bytes;
    if (batch.length < batchSize) return { documents, bytes };
  }
};

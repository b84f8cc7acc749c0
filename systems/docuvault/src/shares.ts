import { AshlarError } from 'ashlar';
import { type Asking, requireAccess } from './access.js';
import { recordEvent } from './audit.js';
import { type Document, type DocuvaultSession, type Permission, type Share, shares } from './tables.js';
import { activeUser } from './users.js';

/** A document of the asking user's, and who else is meant. */
export type Sharing = Asking & { readonly recipient_id: string };

/**
 * Lets another user read or write a document, by its owner. Shared with him already, he may do from now on what is said
 * now.
 *
 * @throws AshlarError `access-denied`, `row-not-found` also for a recipient who is not active; `input-invalid` for oneself
 */
export const shareDocument = async (
  s: DocuvaultSession,
  { recipient_id, permission, ...asking }: Sharing & { readonly permission: Permission },
): Promise<Share> => {
  const document = await requireAccess(s, asking, 'owner');
  if (recipient_id === document.user_id) {
    throw new AshlarError('input-invalid', {
      message: 'A document is not shared with its owner.',
      suggestion: 'Name another user.',
    });
  }
  await activeUser(s, recipient_id);
  const before = await shareOf(s, { ...asking, recipient_id });
  const share = before
    ? await s.update(shares, before.id, { permission })
    : await s.insert(shares, {
        document_id: document.id,
        owner_id: document.user_id,
        recipient_id,
        permission,
      });
  await record(s, 'document.shared', { ...asking, recipient_id }, permission);
  return share;
};

/** Ends a share, by the owner. That there is none is no error. @throws AshlarError `row-not-found`, `access-denied` */
export const unshareDocument = async (s: DocuvaultSession, sharing: Sharing): Promise<void> => {
  await requireAccess(s, sharing, 'owner');
  const share = await shareOf(s, sharing);
  if (!share) return;
  await s.delete(shares, share.id);
  await record(s, 'document.unshared', sharing, share.permission);
};

/** With whom a document is shared, the first one first; for its owner. @throws AshlarError `row-not-found`, `access-denied` */
export const sharesOf = async (s: DocuvaultSession, asking: Asking): Promise<Share[]> => {
  const document = await requireAccess(s, asking, 'owner');
  return s.query
    .selectFrom('shares')
    .selectAll()
    .where('document_id', '=', document.id)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
};

/** A document that somebody shares with a user. */
export type SharedDocument = Document & { readonly permission: Permission; readonly owner: string };

/** What others share with a user, the newest share first, each with the owner's handle and what the user may do. */
export const sharedWithMe = (s: DocuvaultSession, user_id: string): Promise<SharedDocument[]> =>
  s.query
    .selectFrom('shares')
    .innerJoin('documents', 'documents.id', 'shares.document_id')
    .innerJoin('users', 'users.id', 'shares.owner_id')
    .selectAll('documents')
    .select(['shares.permission', 'users.handle as owner'])
    .where('shares.recipient_id', '=', user_id)
    .orderBy('shares.created_at', 'desc')
    .orderBy('shares.id', 'desc')
    .execute();

const shareOf = (s: DocuvaultSession, { document_id, recipient_id }: Sharing): Promise<Share | undefined> =>
  s.query
    .selectFrom('shares')
    .selectAll()
    .where('document_id', '=', document_id)
    .where('recipient_id', '=', recipient_id)
    .executeTakeFirst();

const record = (
  s: DocuvaultSession,
  action: string,
  { user_id, document_id, recipient_id }: Sharing,
  permission: Permission,
) =>
  recordEvent(s, {
    user_id,
    action,
    resource_type: 'document',
    resource_id: document_id,
    metadata: { recipient_id, permission },
  });

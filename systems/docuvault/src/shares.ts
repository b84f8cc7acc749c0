import { AshlarError } from 'ashlar';
import { type DocumentRef, requireAccess } from './access.js';
import { recordEvent } from './audit.js';
import { type Document, type DocuvaultSession, type Permission, type Share, shares } from './tables.js';
import { activeUser } from './users.js';

/** The ids of a document, of its owner, and of the user with whom it is shared. */
export type Sharing = DocumentRef & { readonly recipient_id: string };

/**
 * Shares a document with another user, on behalf of its owner. An existing share takes the new permission.
 *
 * @throws AshlarError `access-denied`; `row-not-found`, also for an inactive recipient; `input-invalid` when the
 *   recipient is the owner
 */
export async function shareDocument(
  s: DocuvaultSession,
  { recipient_id, permission, ...ref }: Sharing & { readonly permission: Permission },
): Promise<Share> {
  const document = await requireAccess(s, ref, 'owner');
  if (recipient_id === document.user_id) {
    throw new AshlarError('input-invalid', {
      message: 'A document cannot be shared with its owner.',
      suggestion: 'Name another user.',
    });
  }
  await activeUser(s, recipient_id);
  const before = await shareOf(s, { ...ref, recipient_id });
  const share = before
    ? await s.update(shares, before.id, { permission })
    : await s.insert(shares, {
        document_id: document.id,
        owner_id: document.user_id,
        recipient_id,
        permission,
      });
  await record(s, 'document.shared', { ...ref, recipient_id }, permission);
  return share;
}

/**
 * Stops sharing a document with a user, on behalf of the document's owner. A missing share is no error.
 *
 * @throws AshlarError `row-not-found`, `access-denied`
 */
export async function unshareDocument(s: DocuvaultSession, sharing: Sharing): Promise<void> {
  await requireAccess(s, sharing, 'owner');
  const share = await shareOf(s, sharing);
  if (!share) return;
  await s.delete(shares, share.id);
  await record(s, 'document.unshared', sharing, share.permission);
}

/**
 * Lists the shares of a document for its owner, oldest first.
 *
 * @throws AshlarError `row-not-found`, `access-denied`
 */
export async function sharesOf(s: DocuvaultSession, ref: DocumentRef): Promise<Share[]> {
  const document = await requireAccess(s, ref, 'owner');
  return s.query
    .selectFrom('shares')
    .selectAll()
    .where('document_id', '=', document.id)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
}

/** A document that its owner has shared, with the granted permission and the owner's handle. */
export type SharedDocument = Document & { readonly permission: Permission; readonly owner: string };

/** Lists the documents that other users have shared with a user, most recently shared first. */
export function sharedWithMe(s: DocuvaultSession, user_id: string): Promise<SharedDocument[]> {
  return s.query
    .selectFrom('shares')
    .innerJoin('documents', 'documents.id', 'shares.document_id')
    .innerJoin('users', 'users.id', 'shares.owner_id')
    .selectAll('documents')
    .select(['shares.permission', 'users.handle as owner'])
    .where('shares.recipient_id', '=', user_id)
    .orderBy('shares.created_at', 'desc')
    .orderBy('shares.id', 'desc')
    .execute();
}

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

import { AshlarError } from 'ashlar';
import type { Page } from 'ashlar/query';
import { type DocumentRef, requireAccess } from './access.js';
import { recordEvent } from './audit.js';
import { type DocumentSummary, summaryColumns } from './document-lists.js';
import { type LoginRef, requireLogin } from './guard.js';
import { type ListOptions, pageOf } from './paging.js';
import { type DocuvaultSession, type Permission, type Share, shares } from './tables.js';
import { activeUser } from './users.js';

/** The login of the owner of a document, the document, and the user with whom it is shared. */
export type Sharing = DocumentRef & { readonly recipient_id: string };

/**
 * Shares a document with another user, on behalf of its owner. An existing share takes the new permission.
 *
 * @throws AshlarError `login-required`, `access-denied`; `row-not-found`, also for an inactive recipient; `input-invalid` when the
 *   recipient is the owner
 */
export async function shareDocument(
  s: DocuvaultSession,
  { recipient_id, permission, ...ref }: Sharing & { readonly permission: Permission },
): Promise<Share> {
  const { document } = await requireAccess(s, ref, 'owner');
  if (recipient_id === document.user_id) {
    throw new AshlarError('input-invalid', {
      message: 'A document cannot be shared with its owner.',
      suggestion: 'Name another user.',
    });
  }
  await activeUser(s, recipient_id);
  const before = await shareOf(s, document.id, recipient_id);
  const share = before
    ? await s.update(shares, before.id, { permission })
    : await s.insert(shares, {
        document_id: document.id,
        owner_id: document.user_id,
        recipient_id,
        permission,
      });
  await record(s, 'document.shared', share);
  return share;
}

/**
 * Stops sharing a document with a user, on behalf of the document's owner. A missing share is no error.
 *
 * @throws AshlarError `login-required`, `row-not-found`, `access-denied`
 */
export async function unshareDocument(s: DocuvaultSession, sharing: Sharing): Promise<void> {
  await requireAccess(s, sharing, 'owner');
  const share = await shareOf(s, sharing.document_id, sharing.recipient_id);
  if (!share) return;
  await s.delete(shares, share.id);
  await record(s, 'document.unshared', share);
}

/**
 * Lists the shares of a document for its owner, oldest first.
 *
 * @throws AshlarError `login-required`, `row-not-found`, `access-denied`
 */
export async function sharesOf(
  s: DocuvaultSession,
  { login_token, document_id, ...options }: DocumentRef & ListOptions,
): Promise<Page<Share>> {
  const { document } = await requireAccess(s, { login_token, document_id }, 'owner');
  const all = s.query.selectFrom('shares').selectAll().where('document_id', '=', document.id);
  return pageOf(s, all, ['created_at', 'id'], options);
}

/** A document that its owner has shared, with the granted permission, the owner's handle, and when it was shared. */
export type SharedDocument = DocumentSummary & {
  readonly permission: Permission;
  readonly owner: string;
  readonly share_id: string;
  readonly shared_at: string;
};

/**
 * Lists the documents that other users have shared with the caller, most recently shared first.
 *
 * @throws AshlarError `login-required`; `input-invalid`
 */
export async function sharedWithMe(
  s: DocuvaultSession,
  { login_token, ...options }: LoginRef & ListOptions,
): Promise<Page<SharedDocument>> {
  const { user_id } = await requireLogin(s, { login_token });
  const shared = s.query
    .selectFrom('shares')
    .innerJoin('documents', 'documents.id', 'shares.document_id')
    .innerJoin('users', 'users.id', 'shares.owner_id')
    .select(summaryColumns)
    .select(['shares.permission', 'users.handle as owner'])
    .select(['shares.id as share_id', 'shares.created_at as shared_at'])
    .where('shares.recipient_id', '=', user_id);
  const newest = [
    { column: 'shared_at', direction: 'desc' },
    { column: 'share_id', direction: 'desc' },
  ] as const;
  return pageOf(s, shared, newest, options);
}

const shareOf = (
  s: DocuvaultSession,
  document_id: string,
  recipient_id: string,
): Promise<Share | undefined> =>
  s.query
    .selectFrom('shares')
    .selectAll()
    .where('document_id', '=', document_id)
    .where('recipient_id', '=', recipient_id)
    .executeTakeFirst();

const record = (s: DocuvaultSession, action: string, share: Share) =>
  recordEvent(s, {
    user_id: share.owner_id,
    action,
    resource_type: 'document',
    resource_id: share.document_id,
    metadata: { recipient_id: share.recipient_id, permission: share.permission },
  });

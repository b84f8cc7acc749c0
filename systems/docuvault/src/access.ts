import { AshlarError } from 'ashlar';
import { notFound } from './errors.js';
import { type Caller, type LoginRef, requireLogin } from './guard.js';
import { type Document, type DocuvaultSession, documents, type Permission } from './tables.js';

/**
 * The level of access that a user has to a document: `read`, `write` (may also change content and details) or `owner`
 * (may do everything).
 */
export type Access = Permission | 'owner';

/** The login in which a service is called, and a document. */
export interface DocumentRef extends LoginRef {
  readonly document_id: string;
}

const ranks: Readonly<Record<Access, number>> = { read: 0, write: 1, owner: 2 };

const accessTo = async (
  s: DocuvaultSession,
  user_id: string,
  document_id: string,
): Promise<{ readonly document: Document; readonly access: Access } | undefined> => {
  const document = await s.get(documents, document_id);
  if (!document) return undefined;
  if (document.user_id === user_id) return { document, access: 'owner' };
  const share = await s.query
    .selectFrom('shares')
    .select('permission')
    .where('document_id', '=', document_id)
    .where('recipient_id', '=', user_id)
    .executeTakeFirst();
  return share && { document, access: share.permission };
};

/**
 * Returns a document and the caller if the caller has at least the needed level of access; throws otherwise. Every service
 * of a document calls this function first. For more than `read` the document is locked until the session ends, so that
 * the access stays valid.
 *
 * @throws AshlarError `login-required`; `row-not-found` when the document does not exist or the user has no access;
 *   `access-denied` when the user's access is lower
 */
export async function requireAccess(
  s: DocuvaultSession,
  ref: DocumentRef,
  needed: Access,
): Promise<{ readonly caller: Caller; readonly document: Document }> {
  const caller = await requireLogin(s, ref);
  if (needed !== 'read' && !s.readOnly) {
    await s.query
      .selectFrom('documents')
      .select('id')
      .where('id', '=', ref.document_id)
      .forUpdate()
      .execute();
  }
  const found = await accessTo(s, caller.user_id, ref.document_id);
  if (!found) throw notFound('document');
  if (ranks[found.access] >= ranks[needed]) return { caller, document: found.document };
  throw new AshlarError('access-denied', {
    message:
      needed === 'owner'
        ? 'Only the owner may perform this operation on the document.'
        : 'The user may read the document, but not change it.',
    detail: `The share of the document grants the user only the permission ${found.access}.`,
    suggestion: 'Ask the owner of the document to grant more access or to perform the operation.',
  });
}

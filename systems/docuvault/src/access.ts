import { AshlarError } from 'ashlar';
import { notFound } from './errors.js';
import { type Document, type DocuvaultSession, documents, type Permission } from './tables.js';

/**
 * The level of access that a user has to a document: `read`, `write` (may also change content and details) or `owner`
 * (may do everything).
 */
export type Access = Permission | 'owner';

/** The ids of a document and of the user who accesses it. */
export interface DocumentRef {
  readonly user_id: string;
  readonly document_id: string;
}

const ranks: Readonly<Record<Access, number>> = { read: 0, write: 1, owner: 2 };

/**
 * Returns a document and the user's level of access to it; `undefined` if the document does not exist or the user has
 * no access.
 */
export async function accessTo(
  s: DocuvaultSession,
  { user_id, document_id }: DocumentRef,
): Promise<{ readonly document: Document; readonly access: Access } | undefined> {
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
}

/**
 * Returns a document if the user has at least the needed level of access; throws otherwise. Every document service
 * calls this function first. For more than `read` the document is locked until the session ends, so that the access
 * stays valid.
 *
 * @throws AshlarError `row-not-found` when the document does not exist or the user has no access; `access-denied` when
 *   the user's access is lower
 */
export async function requireAccess(
  s: DocuvaultSession,
  ref: DocumentRef,
  needed: Access,
): Promise<Document> {
  if (needed !== 'read' && !s.readOnly) {
    await s.query
      .selectFrom('documents')
      .select('id')
      .where('id', '=', ref.document_id)
      .forUpdate()
      .execute();
  }
  const found = await accessTo(s, ref);
  if (!found) throw notFound('document');
  if (ranks[found.access] >= ranks[needed]) return found.document;
  throw new AshlarError('access-denied', {
    message:
      needed === 'owner'
        ? 'Only the owner may perform this operation on the document.'
        : 'The user may read the document, but not change it.',
    detail: `The share of the document grants the user only the permission ${found.access}.`,
    suggestion: 'Ask the owner of the document to grant more access or to perform the operation.',
  });
}

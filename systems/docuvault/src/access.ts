import { AshlarError } from 'ashlar';
import { notThere } from './refusals.js';
import { type Document, type DocuvaultSession, documents, type Permission } from './tables.js';

/** What a user may do with a document: look; change what it holds and says; or all, because it is his. */
export type Access = Permission | 'owner';

/** Who asks, and for which document. */
export interface Asking {
  readonly user_id: string;
  readonly document_id: string;
}

const ranks: Readonly<Record<Access, number>> = { read: 0, write: 1, owner: 2 };

/** What a user may do with a document; `undefined` when it is not there for him. */
export const accessTo = async (
  s: DocuvaultSession,
  { user_id, document_id }: Asking,
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
 * The document, where the user may do that with it. Every service of a document begins here. A service that changes the
 * document locks it until the session ends, so that what was allowed stays so.
 *
 * @throws AshlarError `row-not-found` when it is not there for him; `access-denied` when he may do less
 */
export const requireAccess = async (
  s: DocuvaultSession,
  asking: Asking,
  needed: Access,
): Promise<Document> => {
  if (needed !== 'read' && !s.readOnly) {
    await s.query
      .selectFrom('documents')
      .select('id')
      .where('id', '=', asking.document_id)
      .forUpdate()
      .execute();
  }
  const found = await accessTo(s, asking);
  if (!found) throw notThere('document');
  if (ranks[found.access] >= ranks[needed]) return found.document;
  throw new AshlarError('access-denied', {
    message:
      needed === 'owner' ? 'Only its owner may do that with the document.' : 'The document may only be read.',
    detail: `It is shared to ${found.access}.`,
    suggestion: 'Ask its owner.',
  });
};

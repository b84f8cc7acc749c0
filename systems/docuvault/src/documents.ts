import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { AshlarError, type Insert } from 'ashlar';
import { type Asking, requireAccess } from './access.js';
import { recordEvent } from './audit.js';
import type { ByteSource } from './blobs/blob-store.js';
import { requireFolder } from './folders.js';
import { chargeQuota } from './quota.js';
import { type Document, type DocuvaultSession, documents } from './tables.js';
import { assertOutside, keepBytes, letGo, type Vault } from './vault.js';

/** A document to store. Its size, hash and key are the system's to give. */
export type NewDocument = Omit<
  Insert<typeof documents>,
  'id' | 'size_bytes' | 'sha256' | 'object_key' | 'created_at' | 'updated_at'
> & {
  readonly content: ByteSource;
  readonly ip_address?: string | null | undefined;
};

/**
 * Stores a document: its bytes, its row, and the charge on its owner's quota; all of it, or nothing.
 *
 * @throws AshlarError `quota-exceeded`, with the figures; `size-exceeded`; `row-not-found` for an unknown user or folder;
 *   `value-invalid`; `usage` inside a session
 */
export const uploadDocument = (
  vault: Vault,
  { content, ip_address = null, ...given }: NewDocument,
): Promise<Document> =>
  keepBytes(vault, { payer: given.user_id, actor: given.user_id, source: content }, async (s, bytes) => {
    if (given.folder_id) await requireFolder(s, { user_id: given.user_id, folder_id: given.folder_id });
    await chargeQuota(s, given.user_id, bytes.size);
    const document = await s.insert(documents, {
      ...given,
      size_bytes: bytes.size,
      sha256: bytes.sha256,
      object_key: randomUUID(),
    });
    await record(s, given.user_id, 'document.uploaded', document, { size_bytes: bytes.size, ip_address });
    return document;
  });

/**
 * Puts other bytes in the place of a document's, by whoever may write it; its owner's quota is charged with the
 * difference.
 *
 * @throws AshlarError as {@link uploadDocument}; `access-denied`
 */
export const replaceContent = async (
  vault: Vault,
  { content, ...asking }: Asking & { readonly content: ByteSource },
): Promise<Document> => {
  const { user_id: payer, size_bytes: frees } = await vault.db.read((s) => requireAccess(s, asking, 'read'));
  let former: string | null = null;
  const document = await keepBytes(
    vault,
    { payer, actor: asking.user_id, source: content, frees },
    async (s, bytes) => {
      const before = await requireAccess(s, asking, 'write');
      former = before.sha256;
      await chargeQuota(s, before.user_id, bytes.size - before.size_bytes);
      const after = await s.update(documents, before.id, {
        size_bytes: bytes.size,
        sha256: bytes.sha256,
        extracted_text: null,
      });
      await record(s, asking.user_id, 'document.replaced', after, { size_bytes: bytes.size });
      return after;
    },
  );
  if (former !== document.sha256) await letGo(vault, former);
  return document;
};

/**
 * A document and its bytes, for whoever may read it.
 *
 * @throws AshlarError `row-not-found`; `bytes-missing`
 */
export const openDocument = async (
  { db, blobs }: Vault,
  asking: Asking,
): Promise<{ readonly document: Document; readonly content: Readable }> => {
  let gone: string | undefined;
  for (;;) {
    const document = await db.read((s) => requireAccess(s, asking, 'read'));
    const { sha256 } = document;
    if (sha256 === null) throw withoutBytes();
    try {
      return { document, content: await blobs.read(sha256) };
    } catch (error) {
      // replaced or deleted since its row was read: its row is read again
      const isGone = error instanceof AshlarError && error.code === 'bytes-missing';
      if (!isGone || gone === sha256) throw error;
      gone = sha256;
    }
  }
};

const withoutBytes = (): AshlarError =>
  new AshlarError('bytes-missing', {
    message: 'The document has no bytes here.',
    detail: 'It was recorded before bytes were kept.',
    suggestion: 'Replace its content.',
  });

/** What can be changed in a document besides its bytes. */
export type DocumentChanges = {
  [K in 'filename' | 'content_type' | 'extracted_text']?: Document[K] | undefined;
};

/**
 * Changes what a document says of itself, by whoever may write it.
 *
 * @throws AshlarError `row-not-found`, `access-denied`, `value-invalid`
 */
export const updateDocument = async (
  s: DocuvaultSession,
  asking: Asking,
  changes: DocumentChanges,
): Promise<Document> => {
  const before = await requireAccess(s, asking, 'write');
  const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
  const document = await s.update(documents, before.id, given);
  await record(s, asking.user_id, 'document.updated', document, { changed: Object.keys(given) });
  return document;
};

/**
 * Puts a document into another of its owner's folders, or with `null` into none.
 *
 * @throws AshlarError `row-not-found`, `access-denied`
 */
export const moveDocument = async (
  s: DocuvaultSession,
  { folder_id, ...asking }: Asking & { readonly folder_id: string | null },
): Promise<Document> => {
  const before = await requireAccess(s, asking, 'owner');
  if (folder_id !== null) await requireFolder(s, { user_id: asking.user_id, folder_id });
  const document = await s.update(documents, before.id, { folder_id });
  await record(s, asking.user_id, 'document.moved', document, { folder_id });
  return document;
};

/**
 * Deletes a document with its shares, gives its bytes back to the quota, and removes them unless another document has the
 * same.
 *
 * @throws AshlarError `row-not-found`, `access-denied`; `usage` inside a session
 */
export const deleteDocument = async (vault: Vault, asking: Asking): Promise<void> => {
  assertOutside(vault.db);
  const { sha256 } = await vault.db.session({ actor: `user:${asking.user_id}` }, async (s) => {
    const document = await requireAccess(s, asking, 'owner');
    await removeRow(s, document);
    return document;
  });
  await letGo(vault, sha256);
};

/** Deletes the row of a document of its owner's; the bytes are left to {@link letGo}. */
export const removeRow = async (s: DocuvaultSession, document: Document): Promise<void> => {
  await s.delete(documents, document.id);
  await chargeQuota(s, document.user_id, -document.size_bytes);
  await record(s, document.user_id, 'document.deleted', document, { size_bytes: document.size_bytes });
};

/** A user's own documents by name: all of them, those of a folder, or with `null` those in none. */
export const listDocuments = (
  s: DocuvaultSession,
  { user_id, folder_id }: { readonly user_id: string; readonly folder_id?: string | null | undefined },
): Promise<Document[]> => {
  let own = s.query.selectFrom('documents').selectAll().where('user_id', '=', user_id);
  if (folder_id === null) own = own.where('folder_id', 'is', null);
  else if (folder_id !== undefined) own = own.where('folder_id', '=', folder_id);
  return own.orderBy('filename').orderBy('id').execute();
};

const record = (
  s: DocuvaultSession,
  user_id: string,
  action: string,
  { id, filename }: Document,
  { ip_address = null, ...rest }: { readonly ip_address?: string | null; readonly [key: string]: unknown },
) =>
  recordEvent(s, {
    user_id,
    action,
    resource_type: 'document',
    resource_id: id,
    ip_address,
    metadata: { filename, ...(rest as Record<string, string>) },
  });

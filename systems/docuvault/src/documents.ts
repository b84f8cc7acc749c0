import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { AshlarError, type Insert } from 'ashlar';
import { type DocumentRef, requireAccess } from './access.js';
import { type AuditEvent, recordEvent } from './audit.js';
import type { ByteSource } from './blobs/blob-store.js';
import { requireFolder } from './folders.js';
import { chargeQuota } from './quota.js';
import { type Document, type DocuvaultSession, documents } from './tables.js';
import { assertNoSession, keepBytes, releaseBytes, type Vault } from './vault.js';

/** A document to store: its owner, folder, details and content. The service sets its size, hash and key. */
export type NewDocument = Omit<
  Insert<typeof documents>,
  'id' | 'size_bytes' | 'sha256' | 'object_key' | 'created_at' | 'updated_at'
> & {
  readonly content: ByteSource;
  readonly ip_address?: string | null | undefined;
};

/**
 * Stores the content and the row of a document and charges its owner's quota; if any of this fails, nothing is stored
 * or charged.
 *
 * @throws AshlarError `quota-exceeded`; `size-exceeded`; `row-not-found` for an unknown user or folder;
 *   `value-invalid`; `usage` inside a session
 */
export function uploadDocument(
  vault: Vault,
  { content, ip_address = null, ...given }: NewDocument,
): Promise<Document> {
  return keepBytes(
    vault,
    { payer: given.user_id, actor: given.user_id, source: content },
    async (s, bytes) => {
      if (given.folder_id) await requireFolder(s, { user_id: given.user_id, folder_id: given.folder_id });
      await chargeQuota(s, given.user_id, bytes.size);
      const document = await s.insert(documents, {
        ...given,
        size_bytes: bytes.size,
        sha256: bytes.sha256,
        object_key: randomUUID(),
      });
      await record(s, {
        action: 'document.uploaded',
        user_id: given.user_id,
        document,
        ip_address,
        details: { size_bytes: bytes.size },
      });
      return document;
    },
  );
}

/**
 * Replaces the content of a document, for a user with `write` access. The owner's quota is charged the difference.
 *
 * @throws AshlarError the codes of {@link uploadDocument}; `access-denied`
 */
export async function replaceContent(
  vault: Vault,
  { content, ...ref }: DocumentRef & { readonly content: ByteSource },
): Promise<Document> {
  const { user_id: payer, size_bytes: frees } = await vault.db.read((s) => requireAccess(s, ref, 'read'));
  let former: string | null = null;
  const document = await keepBytes(
    vault,
    { payer, actor: ref.user_id, source: content, frees },
    async (s, bytes) => {
      const before = await requireAccess(s, ref, 'write');
      former = before.sha256;
      await chargeQuota(s, before.user_id, bytes.size - before.size_bytes);
      const after = await s.update(documents, before.id, {
        size_bytes: bytes.size,
        sha256: bytes.sha256,
        extracted_text: null,
      });
      await record(s, {
        action: 'document.replaced',
        user_id: ref.user_id,
        document: after,
        details: { size_bytes: bytes.size },
      });
      return after;
    },
  );
  if (former !== document.sha256) await releaseBytes(vault, former);
  return document;
}

/**
 * Returns a document and a stream of its content, for a user with `read` access.
 *
 * @throws AshlarError `row-not-found`; `bytes-missing`
 */
export async function openDocument(
  { db, blobs }: Vault,
  ref: DocumentRef,
): Promise<{ readonly document: Document; readonly content: Readable }> {
  let missing: string | undefined;
  for (;;) {
    const document = await db.read((s) => requireAccess(s, ref, 'read'));
    const { sha256 } = document;
    if (sha256 === null) throw withoutBytes();
    try {
      return { document, content: await blobs.read(sha256) };
    } catch (error) {
      // the document may have been replaced or deleted after its row was read: read the row again, once per hash
      const isMissing = error instanceof AshlarError && error.code === 'bytes-missing';
      if (!isMissing || missing === sha256) throw error;
      missing = sha256;
    }
  }
}

const withoutBytes = (): AshlarError =>
  new AshlarError('bytes-missing', {
    message: 'The content of the document is not stored.',
    detail: 'The document was recorded before this system stored the content of documents.',
    suggestion: 'Call replaceContent to store the content.',
  });

/** New values for the details of a document. Omitted details keep their value. */
export type DocumentChanges = {
  [K in 'filename' | 'content_type' | 'extracted_text']?: Document[K] | undefined;
};

/**
 * Changes the filename, content type or extracted text of a document, for a user with `write` access.
 *
 * @throws AshlarError `row-not-found`, `access-denied`, `value-invalid`
 */
export async function updateDocument(
  s: DocuvaultSession,
  ref: DocumentRef,
  changes: DocumentChanges,
): Promise<Document> {
  const before = await requireAccess(s, ref, 'write');
  const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
  const document = await s.update(documents, before.id, given);
  await record(s, {
    action: 'document.updated',
    user_id: ref.user_id,
    document,
    details: { changed: Object.keys(given) },
  });
  return document;
}

/**
 * Moves a document into another folder of its owner, or out of all folders if `folder_id` is `null`.
 *
 * @throws AshlarError `row-not-found`, `access-denied`
 */
export async function moveDocument(
  s: DocuvaultSession,
  { folder_id, ...ref }: DocumentRef & { readonly folder_id: string | null },
): Promise<Document> {
  const before = await requireAccess(s, ref, 'owner');
  if (folder_id !== null) await requireFolder(s, { user_id: ref.user_id, folder_id });
  const document = await s.update(documents, before.id, { folder_id });
  await record(s, { action: 'document.moved', user_id: ref.user_id, document, details: { folder_id } });
  return document;
}

/**
 * Deletes a document with its shares, credits the owner's quota, and removes the content unless another document
 * references it.
 *
 * @throws AshlarError `row-not-found`, `access-denied`; `usage` inside a session
 */
export async function deleteDocument(vault: Vault, ref: DocumentRef): Promise<void> {
  assertNoSession(vault.db);
  const { sha256 } = await vault.db.session({ actor: `user:${ref.user_id}` }, async (s) => {
    const document = await requireAccess(s, ref, 'owner');
    await removeRow(s, document);
    return document;
  });
  await releaseBytes(vault, sha256);
}

/** Deletes the row of a document and credits the owner's quota. The caller then calls {@link releaseBytes}. */
export async function removeRow(s: DocuvaultSession, document: Document): Promise<void> {
  await s.delete(documents, document.id);
  await chargeQuota(s, document.user_id, -document.size_bytes);
  await record(s, {
    action: 'document.deleted',
    user_id: document.user_id,
    document,
    details: { size_bytes: document.size_bytes },
  });
}

/**
 * Lists a user's own documents, sorted by filename: those in the folder `folder_id`, those outside any folder if it is
 * `null`, or all documents if it is omitted.
 */
export function listDocuments(
  s: DocuvaultSession,
  { user_id, folder_id }: { readonly user_id: string; readonly folder_id?: string | null | undefined },
): Promise<Document[]> {
  let own = s.query.selectFrom('documents').selectAll().where('user_id', '=', user_id);
  if (folder_id === null) own = own.where('folder_id', 'is', null);
  else if (folder_id !== undefined) own = own.where('folder_id', '=', folder_id);
  return own.orderBy('filename').orderBy('id').execute();
}

interface DocumentEvent {
  readonly action: string;
  readonly user_id: string;
  readonly document: Document;
  readonly ip_address?: string | null;
  readonly details: NonNullable<AuditEvent['metadata']>;
}

const record = (s: DocuvaultSession, event: DocumentEvent) => {
  const { action, user_id, document, ip_address = null, details } = event;
  return recordEvent(s, {
    user_id,
    action,
    resource_type: 'document',
    resource_id: document.id,
    ip_address,
    metadata: { filename: document.filename, ...details },
  });
};

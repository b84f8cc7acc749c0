import type { Readable } from 'node:stream';
import { AshlarError, type Insert } from 'ashlar';
import { type DocumentRef, requireAccess } from './access.js';
import { type AuditEvent, recordEvent } from './audit.js';
import type { ByteSource } from './blobs/blob-store.js';
import { type DocumentDetails, detailsOf, searchTextOf } from './document-lists.js';
import { ownFolder } from './folders.js';
import { type LoginRef, requireLogin } from './guard.js';
import { nameOf } from './names.js';
import { chargeQuota } from './quota.js';
import { type Document, type DocuvaultSession, documents } from './tables.js';
import { assertNoSession, keepBytes, releaseBytes, type Vault } from './vault.js';

/**
 * A document to store: the login of its owner, its folder, details and content. The service sets its owner, size, hash and
 * key.
 */
export type NewDocument = LoginRef &
  Omit<
    Insert<typeof documents>,
    'id' | 'user_id' | 'size_bytes' | 'sha256' | 'object_key' | 'search_text' | 'created_at' | 'updated_at'
  > & {
    readonly content: ByteSource;
    readonly ip_address?: string | null | undefined;
  };

/**
 * Stores the content and the row of a document of the caller and charges the caller's quota; if any of this fails, nothing
 * is stored or charged. The login is checked before the content is received, and again in the transaction.
 *
 * @throws AshlarError `login-required`; `quota-exceeded`; `size-exceeded`; `row-not-found` for an unknown folder;
 *   `value-invalid`; `usage` inside a session; `store-failed`
 */
export async function uploadDocument(
  vault: Vault,
  { login_id, content, ip_address = null, ...details }: NewDocument,
): Promise<DocumentDetails> {
  assertNoSession(vault.db);
  const { user_id } = await vault.db.read((s) => requireLogin(s, { login_id }));
  const given = { ...details, user_id, filename: nameOf(details.filename) };
  return keepBytes(
    vault,
    { payer: user_id, actor: user_id, source: content },
    async (s, { size, sha256, object_key }) => {
      await requireLogin(s, { login_id });
      if (given.folder_id) await ownFolder(s, user_id, given.folder_id);
      await chargeQuota(s, user_id, size);
      const search_text = searchTextOf(given);
      const document = await s.insert(documents, {
        ...given,
        search_text,
        size_bytes: size,
        sha256,
        object_key,
      });
      await record(s, {
        action: 'document.uploaded',
        user_id,
        document,
        ip_address,
        details: { size_bytes: size },
      });
      return detailsOf(document);
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
): Promise<DocumentDetails> {
  assertNoSession(vault.db);
  const { caller, document: found } = await vault.db.read((s) => requireAccess(s, ref, 'write'));
  let former = found.object_key;
  const document = await keepBytes(
    vault,
    { payer: found.user_id, actor: caller.user_id, source: content, frees: found.size_bytes },
    async (s, { size, sha256, object_key }) => {
      const { document: before } = await requireAccess(s, ref, 'write');
      former = before.object_key;
      await chargeQuota(s, before.user_id, size - before.size_bytes);
      const after = await s.update(documents, before.id, {
        size_bytes: size,
        sha256,
        object_key,
        extracted_text: null,
        search_text: searchTextOf({ filename: before.filename }),
      });
      await record(s, {
        action: 'document.replaced',
        user_id: caller.user_id,
        document: after,
        details: { size_bytes: size },
      });
      return after;
    },
  );
  await releaseBytes(vault, former);
  return detailsOf(document);
}

/**
 * Returns a document and a stream of its content, for a user with `read` access.
 *
 * @throws AshlarError `login-required`; `row-not-found`; `bytes-missing`; `store-failed`
 */
export async function openDocument(
  { db, blobs }: Vault,
  ref: DocumentRef,
): Promise<{ readonly document: DocumentDetails; readonly content: Readable }> {
  let missing: string | undefined;
  for (;;) {
    const { document } = await db.read((s) => requireAccess(s, ref, 'read'));
    const { sha256, object_key } = document;
    if (sha256 === null) throw withoutBytes();
    try {
      return { document: detailsOf(document), content: await blobs.read(object_key) };
    } catch (error) {
      // stored by a former version, or replaced or deleted after its row was read: read the row again, once per key
      const isMissing = error instanceof AshlarError && error.code === 'bytes-missing';
      if (!isMissing || missing === object_key) throw error;
      await blobs.adopt?.(sha256, object_key);
      missing = object_key;
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
 * @throws AshlarError `login-required`; `row-not-found`, `access-denied`, `value-invalid`
 */
export async function updateDocument(
  s: DocuvaultSession,
  ref: DocumentRef,
  changes: DocumentChanges,
): Promise<DocumentDetails> {
  const { caller, document: before } = await requireAccess(s, ref, 'write');
  const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
  const named = changes.filename === undefined ? given : { ...given, filename: nameOf(changes.filename) };
  const search_text = searchTextOf({ ...before, ...named });
  const document = await s.update(documents, before.id, { ...named, search_text });
  await record(s, {
    action: 'document.updated',
    user_id: caller.user_id,
    document,
    details: { changed: Object.keys(given) },
  });
  return detailsOf(document);
}

/**
 * Moves a document into another folder of its owner, or out of all folders if `folder_id` is `null`.
 *
 * @throws AshlarError `login-required`; `row-not-found`, `access-denied`
 */
export async function moveDocument(
  s: DocuvaultSession,
  { folder_id, ...ref }: DocumentRef & { readonly folder_id: string | null },
): Promise<DocumentDetails> {
  const { caller, document: before } = await requireAccess(s, ref, 'owner');
  if (folder_id !== null) await ownFolder(s, caller.user_id, folder_id);
  const document = await s.update(documents, before.id, { folder_id });
  await record(s, {
    action: 'document.moved',
    user_id: caller.user_id,
    document,
    details: { folder_id },
  });
  return detailsOf(document);
}

/**
 * Deletes a document with its shares, credits the owner's quota, and removes the content.
 *
 * @throws AshlarError `login-required`; `row-not-found`, `access-denied`; `usage` inside a session
 */
export async function deleteDocument(vault: Vault, ref: DocumentRef): Promise<void> {
  assertNoSession(vault.db);
  const { object_key } = await vault.db.session(async (s) => {
    const { caller, document } = await requireAccess(s, ref, 'owner');
    await removeRow(s, document, caller.user_id);
    return document;
  });
  await releaseBytes(vault, object_key);
}

/**
 * Deletes the row of a document on behalf of a user and credits the owner's quota. The caller then calls
 * {@link releaseBytes}.
 */
export async function removeRow(s: DocuvaultSession, document: Document, by: string): Promise<void> {
  await s.delete(documents, document.id);
  await chargeQuota(s, document.user_id, -document.size_bytes);
  await record(s, {
    action: 'document.deleted',
    user_id: by,
    document,
    details: { size_bytes: document.size_bytes },
  });
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

import type { Readable } from 'node:stream';
import { AshlarError, parseInput } from 'ashlar';
import { z } from 'zod';
import { type DocumentRef, requireAccess } from './access.js';
import { type AuditEvent, recordEvent } from './audit.js';
import type { ByteSource } from './blobs/blob-store.js';
import { type DocumentDetails, detailsOf, searchTextOf } from './document-lists.js';
import { ownFolder } from './folders.js';
import { type LoginRef, requireLogin } from './guard.js';
import { documentDetails, ipAddress, textBytes } from './inputs.js';
import { nameOf } from './names.js';
import { chargeQuota } from './quota.js';
import { type Document, type DocuvaultSession, documents } from './tables.js';
import { assertNoSession, keepBytes, releaseBytes, type Vault } from './vault.js';

// strict, so that no other column can be written
const newDocument = documentDetails.extend({ folder_id: z.uuid().nullish(), ip_address: ipAddress });

/**
 * A document to store: the login of its owner, its folder, details and content. The service sets its owner, size, hash and
 * key.
 */
export type NewDocument = LoginRef & z.input<typeof newDocument> & { readonly content: ByteSource };

/**
 * Stores the content and the row of a document of the caller and charges the caller's quota, also for the extracted text; if any of this fails, nothing
 * is stored or charged. The login is checked before the content is received, and again in the transaction.
 *
 * @throws AshlarError `login-required`; `quota-exceeded`; `size-exceeded`; `row-not-found` for an unknown folder;
 *   `input-invalid`, also for more than 10 MiB of text; `value-invalid`; `usage` inside a session; `store-failed`;
 *   `state-conflict` when the store belongs to another database
 */
export async function uploadDocument(
  vault: Vault,
  { login_token, content, ...details }: NewDocument,
): Promise<DocumentDetails> {
  assertNoSession(vault.db);
  const { user_id } = await vault.db.read((s) => requireLogin(s, { login_token }));
  const { ip_address, ...given } = parseInput('Invalid document', newDocument, details);
  const filename = nameOf(given.filename);
  const text_bytes = textBytes(given.extracted_text);
  return keepBytes(
    vault,
    { payer: user_id, actor: user_id, source: content, takes: text_bytes },
    async (s, { size, sha256, object_key }) => {
      await requireLogin(s, { login_token });
      if (given.folder_id) await ownFolder(s, user_id, given.folder_id);
      await chargeQuota(s, user_id, size + text_bytes);
      const search_text = searchTextOf({ ...given, filename });
      const document = await s.insert(documents, {
        ...given,
        user_id,
        filename,
        search_text,
        text_bytes,
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
    { payer: found.user_id, actor: caller.user_id, source: content, takes: -chargedFor(found) },
    async (s, { size, sha256, object_key }) => {
      const { document: before } = await requireAccess(s, ref, 'write');
      former = before.object_key;
      await chargeQuota(s, before.user_id, size - chargedFor(before));
      const after = await s.update(documents, before.id, {
        size_bytes: size,
        sha256,
        object_key,
        extracted_text: null,
        text_bytes: 0,
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

// strict, so that no other column can be written
const documentChanges = documentDetails.partial();

/** New values for the details of a document. Omitted details keep their value. */
export type DocumentChanges = {
  [K in 'filename' | 'content_type' | 'extracted_text']?: Document[K] | undefined;
};

/**
 * Changes the filename, content type or extracted text of a document, for a user with `write` access. The owner's quota is
 * charged the difference of the text.
 *
 * @throws AshlarError `login-required`; `row-not-found`, `access-denied`, `input-invalid` for another column or more than
 *   10 MiB of text, `value-invalid`; `quota-exceeded`
 */
export async function updateDocument(
  s: DocuvaultSession,
  ref: DocumentRef,
  changes: DocumentChanges,
): Promise<DocumentDetails> {
  const { caller, document: before } = await requireAccess(s, ref, 'write');
  const { filename, extracted_text, ...rest } = parseInput('Invalid changes', documentChanges, changes);
  const given = {
    ...rest,
    ...(filename === undefined ? {} : { filename: nameOf(filename) }),
    ...(extracted_text === undefined ? {} : { extracted_text, text_bytes: textBytes(extracted_text) }),
  };
  await chargeQuota(s, before.user_id, (given.text_bytes ?? before.text_bytes) - before.text_bytes);
  const search_text = searchTextOf({ ...before, ...given });
  const document = await s.update(documents, before.id, { ...given, search_text });
  await record(s, {
    action: 'document.updated',
    user_id: caller.user_id,
    document,
    details: { changed: Object.keys(changes) },
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
    await chargeQuota(s, document.user_id, -chargedFor(document));
    await removeRow(s, document, { by: caller.user_id, isNamed: true });
    return document;
  });
  await releaseBytes(vault, object_key);
}

/** What is charged to the quota for a document: its content, and its text where that was charged. */
const chargedFor = ({ size_bytes, text_bytes }: Pick<Document, 'size_bytes' | 'text_bytes'>): number =>
  size_bytes + text_bytes;

/** The columns of a {@link RemovedDocument}: without the text, which can be long. */
const removedColumns = ['id', 'user_id', 'filename', 'size_bytes', 'text_bytes', 'object_key'] as const;
/** A document to remove. */
export type RemovedDocument = Pick<Document, (typeof removedColumns)[number]>;

/** Which documents of a user to remove, and on whose behalf. */
export interface Removal {
  readonly user_id: string;
  /** The folders whose documents are removed. Default: the documents of all folders, and of none. */
  readonly folder_ids?: readonly string[];
  /** The most documents to remove. Default: all. */
  readonly most?: number;
  readonly by: string;
  /** Whether the events name the documents. Default: true. */
  readonly isNamed?: boolean;
}

/**
 * Deletes the rows of documents of a user and credits the user's quota. The caller then calls {@link releaseAll}.
 *
 * @returns the documents whose rows were deleted
 */
export async function removeRows(
  s: DocuvaultSession,
  { user_id, folder_ids, most, by, isNamed = true }: Removal,
): Promise<readonly RemovedDocument[]> {
  let own = s.query.selectFrom('documents').select(removedColumns).where('user_id', '=', user_id);
  if (folder_ids !== undefined) own = own.where('folder_id', 'in', folder_ids);
  if (most !== undefined) own = own.limit(most);
  // locks are taken in one order everywhere, so that concurrent deletions cannot deadlock
  const found = await own.orderBy('id').forUpdate().execute();
  const charged = found.reduce((sum, document) => sum + chargedFor(document), 0);
  await chargeQuota(s, user_id, -charged);
  for (const document of found) await removeRow(s, document, { by, isNamed });
  return found;
}

/**
 * Removes the content of documents whose rows were deleted.
 *
 * @returns how many documents and bytes they were
 */
export async function releaseAll(
  vault: Vault,
  removed: readonly RemovedDocument[],
): Promise<{ readonly documents: number; readonly bytes: number }> {
  for (const { object_key } of removed) await releaseBytes(vault, object_key);
  return {
    documents: removed.length,
    bytes: removed.reduce((sum, { size_bytes }) => sum + size_bytes, 0),
  };
}

const removeRow = async (
  s: DocuvaultSession,
  document: RemovedDocument,
  { by, isNamed }: { readonly by: string; readonly isNamed: boolean },
): Promise<void> => {
  await s.delete(documents, document.id);
  await record(s, {
    action: 'document.deleted',
    user_id: by,
    document: isNamed ? document : { id: document.id },
    details: { size_bytes: document.size_bytes },
  });
};

interface DocumentEvent {
  readonly action: string;
  readonly user_id: string;
  readonly document: Pick<Document, 'id'> & Partial<Pick<Document, 'filename'>>;
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
    metadata: { ...(document.filename === undefined ? {} : { filename: document.filename }), ...details },
  });
};

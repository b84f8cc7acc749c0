import { parseInput } from 'ashlar';
import { matches, type Page } from 'ashlar/query';
import { z } from 'zod';
import { type LoginRef, requireLogin } from './guard.js';
import { type ListOptions, pageOf } from './paging.js';
import { type Document, type DocuvaultSession, documents } from './tables.js';

/** A document as services return it. */
export type DocumentDetails = Omit<Document, 'search_text' | 'text_bytes'>;

/** A document in a list: without its text, which can be long. */
export type DocumentSummary = Omit<DocumentDetails, 'extracted_text'>;

/** The columns of a {@link DocumentSummary}. */
export const summaryColumns = [
  'documents.id',
  'documents.user_id',
  'documents.folder_id',
  'documents.filename',
  'documents.content_type',
  'documents.size_bytes',
  'documents.sha256',
  'documents.object_key',
  'documents.created_at',
  'documents.updated_at',
] as const;

/** Returns a document as services return it. */
export function detailsOf({ search_text: _, text_bytes: __, ...document }: Document): DocumentDetails {
  return document;
}

/** Selects the documents that a user owns, or that are shared with the user. */
export function visibleDocuments(s: DocuvaultSession, user_id: string) {
  return s.query
    .selectFrom('documents')
    .select(summaryColumns)
    .where((on) =>
      on.or([
        on('documents.user_id', '=', user_id),
        on.exists(
          on
            .selectFrom('shares')
            .select('shares.id')
            .whereRef('shares.document_id', '=', 'documents.id')
            .where('shares.recipient_id', '=', user_id),
        ),
      ]),
    );
}

/**
 * Lists the caller's own documents, sorted by filename: those in the folder `folder_id`, those outside any folder if it is
 * `null`, or all documents if it is omitted.
 *
 * @throws AshlarError `login-required`; `input-invalid`
 */
export async function listDocuments(
  s: DocuvaultSession,
  {
    login_token,
    folder_id,
    ...options
  }: LoginRef & ListOptions & { readonly folder_id?: string | null | undefined },
): Promise<Page<DocumentSummary>> {
  const { user_id } = await requireLogin(s, { login_token });
  let own = s.query.selectFrom('documents').select(summaryColumns).where('user_id', '=', user_id);
  if (folder_id === null) own = own.where('folder_id', 'is', null);
  else if (folder_id !== undefined) own = own.where('folder_id', '=', folder_id);
  return pageOf(s, own, ['filename', 'id'], options);
}

/**
 * Lists the documents to which the caller has access and whose name and text have all the given words, newest first. A
 * word is a run of letters and digits; the case of letters does not matter. With `prefix` the last word may be the
 * beginning of a longer one. Of a document its name and the first 170,000 characters of its text are searched.
 *
 * @throws AshlarError `login-required`; `input-invalid`
 */
export async function searchDocuments(
  s: DocuvaultSession,
  {
    login_token,
    words,
    prefix = false,
    ...options
  }: LoginRef & ListOptions & { readonly words: string; readonly prefix?: boolean | undefined },
): Promise<Page<DocumentSummary>> {
  const { user_id } = await requireLogin(s, { login_token });
  const given = parseInput('Invalid search', z.string(), words);
  const found = visibleDocuments(s, user_id).where(matches(documents, given, { prefix }));
  const newest = [
    { column: 'created_at', direction: 'desc' },
    { column: 'id', direction: 'desc' },
  ] as const;
  return pageOf(s, found, newest, options);
}

// an index over text takes 699,050 bytes, and a UTF-16 unit at most three
const searchedCharacters = 170_000;

/** Returns what is searched of a document: its name, and the beginning of its text. */
export function searchTextOf({
  filename,
  extracted_text,
}: {
  readonly filename: string;
  readonly extracted_text?: string | null | undefined;
}): string {
  return (
    `${filename}\n${extracted_text ?? ''}`
      .slice(0, searchedCharacters)
      // half of a character that was cut
      .replace(/[\ud800-\udbff]$/, '')
  );
}

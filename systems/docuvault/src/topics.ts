import type { Page } from 'ashlar/query';
import { type DocumentRef, requireAccess } from './access.js';
import { recordEvent } from './audit.js';
import { type DocumentSummary, visibleDocuments } from './document-lists.js';
import { asConflict, notFound } from './errors.js';
import { type Caller, type LoginRef, requireLogin } from './guard.js';
import { nameOf } from './names.js';
import { type ListOptions, pageOf } from './paging.js';
import { type DocuvaultSession, documentTopics, type Topic, topics } from './tables.js';

/**
 * Creates a topic of the caller or, if `shared` is set and the caller is an administrator, of all users.
 *
 * @throws AshlarError `login-required`, `access-denied`; `state-conflict` when the name is taken; `value-invalid`
 */
export async function createTopic(
  s: DocuvaultSession,
  {
    login_token,
    name,
    shared = false,
  }: LoginRef & { readonly name: string; readonly shared?: boolean | undefined },
): Promise<Topic> {
  const caller = await requireLogin(s, { login_token }, shared ? 'admin' : 'user');
  return asConflict(
    s,
    { code: 'unique-violation', table: 'topics' },
    'A topic of that name already exists.',
    async (inner) => {
      const topic = await inner.insert(topics, {
        user_id: shared ? null : caller.user_id,
        name: nameOf(name),
      });
      await recordEvent(inner, {
        user_id: caller.user_id,
        action: 'topic.created',
        resource_type: 'topic',
        resource_id: topic.id,
        metadata: { name: topic.name, shared },
      });
      return topic;
    },
  );
}

/**
 * Lists the topics that the caller may use (own topics and the shared topics), sorted by name.
 *
 * @throws AshlarError `login-required`; `input-invalid`
 */
export async function listTopics(
  s: DocuvaultSession,
  { login_token, ...options }: LoginRef & ListOptions,
): Promise<Page<Topic>> {
  const { user_id } = await requireLogin(s, { login_token });
  const usable = s.query
    .selectFrom('topics')
    .selectAll()
    .where((on) => on.or([on('user_id', '=', user_id), on('user_id', 'is', null)]));
  return pageOf(s, usable, ['name', 'id'], options);
}

/**
 * Assigns a topic to a document, for a user with `write` access. Assigning it again has no effect.
 *
 * @throws AshlarError `login-required`; `row-not-found`, also for a topic of another user; `access-denied`
 */
export async function tagDocument(
  s: DocuvaultSession,
  { topic_id, ...ref }: DocumentRef & { readonly topic_id: string },
): Promise<void> {
  const { caller } = await requireAccess(s, ref, 'write');
  const topic = await s.get(topics, topic_id);
  if (!topic || (topic.user_id !== null && topic.user_id !== caller.user_id)) throw notFound('topic');
  const key = { document_id: ref.document_id, topic_id };
  if (await s.get(documentTopics, key)) return;
  await s.insert(documentTopics, key);
  await record(s, caller, 'document.tagged', key);
}

/**
 * Removes a topic from a document, for a user with `write` access. A missing assignment is no error.
 *
 * @throws AshlarError `login-required`, `row-not-found`, `access-denied`
 */
export async function untagDocument(
  s: DocuvaultSession,
  { topic_id, ...ref }: DocumentRef & { readonly topic_id: string },
): Promise<void> {
  const { caller } = await requireAccess(s, ref, 'write');
  const key = { document_id: ref.document_id, topic_id };
  if (!(await s.get(documentTopics, key))) return;
  await s.delete(documentTopics, key);
  await record(s, caller, 'document.untagged', key);
}

/**
 * Lists the documents with a given topic to which the caller has access, sorted by filename.
 *
 * @throws AshlarError `login-required`; `input-invalid`
 */
export async function documentsAbout(
  s: DocuvaultSession,
  { login_token, topic_id, ...options }: LoginRef & ListOptions & { readonly topic_id: string },
): Promise<Page<DocumentSummary>> {
  const { user_id } = await requireLogin(s, { login_token });
  const tagged = visibleDocuments(s, user_id).where((on) =>
    on.exists(
      on
        .selectFrom('document_topics')
        .select('document_topics.topic_id')
        .whereRef('document_topics.document_id', '=', 'documents.id')
        .where('document_topics.topic_id', '=', topic_id),
    ),
  );
  return pageOf(s, tagged, ['filename', 'id'], options);
}

const record = (
  s: DocuvaultSession,
  { user_id }: Caller,
  action: string,
  { document_id, topic_id }: { readonly document_id: string; readonly topic_id: string },
) =>
  recordEvent(s, {
    user_id,
    action,
    resource_type: 'document',
    resource_id: document_id,
    metadata: { topic_id },
  });

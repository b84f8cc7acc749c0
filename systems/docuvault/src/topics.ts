import { type DocumentRef, requireAccess } from './access.js';
import { recordEvent } from './audit.js';
import { asConflict, notFound } from './errors.js';
import { type Document, type DocuvaultSession, documentTopics, type Topic, topics } from './tables.js';

/**
 * Creates a topic that belongs to a user or, if `user_id` is `null`, is shared by all users.
 *
 * @throws AshlarError `state-conflict` when the name is taken; `value-invalid`
 */
export function createTopic(
  s: DocuvaultSession,
  { user_id, name }: { readonly user_id: string | null; readonly name: string },
): Promise<Topic> {
  return asConflict(
    s,
    { code: 'unique-violation', table: 'topics' },
    'A topic of that name already exists.',
    async (inner) => {
      const topic = await inner.insert(topics, { user_id, name: name.normalize('NFC') });
      await recordEvent(inner, {
        user_id,
        action: 'topic.created',
        resource_type: 'topic',
        resource_id: topic.id,
        metadata: { name: topic.name },
      });
      return topic;
    },
  );
}

/** Lists the topics that a user may use (the user's own topics and the shared topics), sorted by name. */
export function listTopics(s: DocuvaultSession, user_id: string): Promise<Topic[]> {
  return s.query
    .selectFrom('topics')
    .selectAll()
    .where((on) => on.or([on('user_id', '=', user_id), on('user_id', 'is', null)]))
    .orderBy('name')
    .orderBy('id')
    .execute();
}

/**
 * Assigns a topic to a document, for a user with `write` access. Assigning it again has no effect.
 *
 * @throws AshlarError `row-not-found`, also for a topic of another user; `access-denied`
 */
export async function tagDocument(
  s: DocuvaultSession,
  { topic_id, ...ref }: DocumentRef & { readonly topic_id: string },
): Promise<void> {
  await requireAccess(s, ref, 'write');
  const topic = await s.get(topics, topic_id);
  if (!topic || (topic.user_id !== null && topic.user_id !== ref.user_id)) throw notFound('topic');
  const key = { document_id: ref.document_id, topic_id };
  if (await s.get(documentTopics, key)) return;
  await s.insert(documentTopics, key);
  await record(s, ref, 'document.tagged', topic_id);
}

/**
 * Removes a topic from a document, for a user with `write` access. A missing assignment is no error.
 *
 * @throws AshlarError `row-not-found`, `access-denied`
 */
export async function untagDocument(
  s: DocuvaultSession,
  { topic_id, ...ref }: DocumentRef & { readonly topic_id: string },
): Promise<void> {
  await requireAccess(s, ref, 'write');
  const key = { document_id: ref.document_id, topic_id };
  if (!(await s.get(documentTopics, key))) return;
  await s.delete(documentTopics, key);
  await record(s, ref, 'document.untagged', topic_id);
}

/** Lists the documents with a given topic to which a user has access, sorted by filename. */
export function documentsAbout(
  s: DocuvaultSession,
  { user_id, topic_id }: { readonly user_id: string; readonly topic_id: string },
): Promise<Document[]> {
  return s.query
    .selectFrom('documents')
    .innerJoin('document_topics', 'document_topics.document_id', 'documents.id')
    .selectAll('documents')
    .where('document_topics.topic_id', '=', topic_id)
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
    )
    .orderBy('documents.filename')
    .orderBy('documents.id')
    .execute();
}

const record = (s: DocuvaultSession, ref: DocumentRef, action: string, topic_id: string) =>
  recordEvent(s, {
    user_id: ref.user_id,
    action,
    resource_type: 'document',
    resource_id: ref.document_id,
    metadata: { topic_id },
  });

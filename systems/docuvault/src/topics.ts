import { type Asking, requireAccess } from './access.js';
import { recordEvent } from './audit.js';
import { notThere, refusedAs } from './refusals.js';
import { type Document, type DocuvaultSession, documentTopics, type Topic, topics } from './tables.js';

/**
 * Makes a topic: a user's own, or with no user one of everybody's.
 *
 * @throws AshlarError `state-conflict` when the name is taken; `value-invalid`
 */
export const createTopic = (
  s: DocuvaultSession,
  { user_id, name }: { readonly user_id: string | null; readonly name: string },
): Promise<Topic> =>
  refusedAs(s, ['unique-violation'], 'There is a topic of that name already.', async (inner) => {
    const topic = await inner.insert(topics, { user_id, name: name.normalize('NFC') });
    await recordEvent(inner, {
      user_id,
      action: 'topic.created',
      resource_type: 'topic',
      resource_id: topic.id,
      metadata: { name: topic.name },
    });
    return topic;
  });

/** The topics that a user may use, his own and everybody's, by name. */
export const listTopics = (s: DocuvaultSession, user_id: string): Promise<Topic[]> =>
  s.query
    .selectFrom('topics')
    .selectAll()
    .where((on) => on.or([on('user_id', '=', user_id), on('user_id', 'is', null)]))
    .orderBy('name')
    .orderBy('id')
    .execute();

/**
 * Says that a document is about a topic, by whoever may write it. Said twice, it is said once.
 *
 * @throws AshlarError `row-not-found` also for a topic of somebody else's; `access-denied`
 */
export const tagDocument = async (
  s: DocuvaultSession,
  { topic_id, ...asking }: Asking & { readonly topic_id: string },
): Promise<void> => {
  await requireAccess(s, asking, 'write');
  const topic = await s.get(topics, topic_id);
  if (!topic || (topic.user_id !== null && topic.user_id !== asking.user_id)) throw notThere('topic');
  const key = { document_id: asking.document_id, topic_id };
  if (await s.get(documentTopics, key)) return;
  await s.insert(documentTopics, key);
  await record(s, asking, 'document.tagged', topic_id);
};

/** Says so no more. That it was not said is no error. @throws AshlarError `row-not-found`, `access-denied` */
export const untagDocument = async (
  s: DocuvaultSession,
  { topic_id, ...asking }: Asking & { readonly topic_id: string },
): Promise<void> => {
  await requireAccess(s, asking, 'write');
  const key = { document_id: asking.document_id, topic_id };
  if (!(await s.get(documentTopics, key))) return;
  await s.delete(documentTopics, key);
  await record(s, asking, 'document.untagged', topic_id);
};

/** The documents about a topic that a user may read, by name. */
export const documentsAbout = (
  s: DocuvaultSession,
  { user_id, topic_id }: { readonly user_id: string; readonly topic_id: string },
): Promise<Document[]> =>
  s.query
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

const record = (s: DocuvaultSession, asking: Asking, action: string, topic_id: string) =>
  recordEvent(s, {
    user_id: asking.user_id,
    action,
    resource_type: 'document',
    resource_id: asking.document_id,
    metadata: { topic_id },
  });

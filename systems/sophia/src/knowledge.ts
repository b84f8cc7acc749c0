import { AshlarError, type Insert, type Update } from 'ashlar';
import { recordAction } from './audit.js';
import { type Mention, mentionOf } from './mentions.js';
import { institutionalKnowledge, type Knowledge, type SophiaSession } from './tables.js';

/** What was learned, without saying from whom. */
export type NewKnowledge = Omit<Insert<typeof institutionalKnowledge>, 'id' | 'created_at' | 'updated_at'>;
type KnowledgeChanges = Omit<Update<typeof institutionalKnowledge>, 'id' | 'created_at' | 'updated_at'>;

/**
 * Writes down what was learned. It may name no client: by whole words the database sees to that, and what is only like a
 * name is refused here. Only a session of every scope may write it, for only such a one knows all names.
 *
 * @throws AshlarError `input-invalid` when it names a client; `value-invalid`; `guarantee-violated` in a session of one scope
 */
export const recordKnowledge = async (s: SophiaSession, knowledge: NewKnowledge): Promise<Knowledge> => {
  await assertNamesNobody(s, knowledge);
  const after = await s.insert(institutionalKnowledge, knowledge);
  await recordAction(s, { client_id: null, action: 'knowledge.recorded', after });
  return after;
};

/** Corrects what was learned. @throws AshlarError `row-not-found`, and what {@link recordKnowledge} throws */
export const reviseKnowledge = async (
  s: SophiaSession,
  id: Knowledge['id'],
  changes: KnowledgeChanges,
): Promise<Knowledge> => {
  await assertNamesNobody(s, changes);
  const before = await s.query
    .selectFrom('institutional_knowledge')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  const after = await s.update(institutionalKnowledge, id, changes);
  await recordAction(s, { client_id: null, action: 'knowledge.revised', before: before ?? null, after });
  return after;
};

/** What was learned, newest first: of a category, with a tag. Any session may read it. */
export const findKnowledge = async (
  s: SophiaSession,
  wanted: { readonly category?: string | undefined; readonly tag?: string | undefined } = {},
): Promise<Knowledge[]> => {
  const { category, tag } = wanted;
  let found = s.query.selectFrom('institutional_knowledge').selectAll();
  if (category !== undefined) found = found.where('category', '=', category);
  const rows = await found.orderBy('id', 'desc').execute();
  // engines differ in how JSON is searched, and there are hundreds of rows at most
  return tag === undefined ? rows : rows.filter(({ tags }) => tags?.includes(tag));
};

/** The clients that a text names, of those that the session may see, best match first: to look before writing. */
export const clientsNamedIn = async (s: SophiaSession, text: string): Promise<Mention[]> => {
  const clients = await s.query.selectFrom('clients').select('name').execute();
  return clients.flatMap(({ name }) => mentionOf(name, text) ?? []).toSorted((a, b) => b.score - a.score);
};

/** Refuses a name that stands in the institutional knowledge. @throws AshlarError `input-invalid` */
export const assertNotInKnowledge = async (s: SophiaSession, name: string): Promise<void> => {
  // what is no text is the schema's to refuse
  if (typeof name !== 'string') return;
  for (const knowledge of await findKnowledge(s)) {
    const mention = textsOf(knowledge)
      .map(([, text]) => mentionOf(name, text))
      .find(Boolean);
    if (!mention) continue;
    throw new AshlarError('input-invalid', {
      message: `The name ${name} stands in the institutional knowledge, which may name no client.`,
      detail: `“${mention.found}” in what was learned about ${knowledge.category} (${knowledge.id}).`,
      suggestion: 'Revise that first.',
    });
  }
};

const textsOf = ({
  category,
  content,
  source,
  tags,
}: Readonly<Pick<KnowledgeChanges, 'category' | 'content' | 'source' | 'tags'>>): [string, string][] =>
  Object.entries({ category, content, source, tags }).flatMap(([field, value]) =>
    // what is no text is the schema's to refuse
    [value ?? []]
      .flat()
      .flatMap((text): [string, string][] => (typeof text === 'string' ? [[field, text]] : [])),
  );

const assertNamesNobody = async (s: SophiaSession, knowledge: KnowledgeChanges): Promise<void> => {
  for (const [field, text] of textsOf(knowledge)) {
    const [mention] = await clientsNamedIn(s, text);
    if (!mention) continue;
    throw new AshlarError('input-invalid', {
      message: `The ${field} names a client: “${mention.found}” is ${mention.score === 100 ? '' : 'like '}${mention.name}.`,
      detail: 'Institutional knowledge is everybody’s, and says nothing of whom it was learned from.',
      suggestion: 'Say it without the name.',
    });
  }
};

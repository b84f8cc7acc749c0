import { AshlarError, type Insert, type Update } from 'ashlar';
import { recordAction } from './audit.js';
import { type Mention, mentionOf } from './mentions.js';
import { institutionalKnowledge, type Knowledge, type SophiaSession } from './tables.js';

/** A piece of institutional knowledge to record. It must not name a client. */
export type NewKnowledge = Omit<Insert<typeof institutionalKnowledge>, 'id' | 'created_at' | 'updated_at'>;
type KnowledgeChanges = Omit<Update<typeof institutionalKnowledge>, 'id' | 'created_at' | 'updated_at'>;

/**
 * Records a piece of institutional knowledge. It must not name a client: the database refuses whole words of a name,
 * and this function also refuses similar words. Only a session of every scope may record knowledge, because only it
 * sees all names.
 *
 * @throws AshlarError `input-invalid` when it names a client; `value-invalid`; `guarantee-violated` in a session of one
 *   scope
 */
export async function recordKnowledge(s: SophiaSession, knowledge: NewKnowledge): Promise<Knowledge> {
  await assertNamesNoClient(s, knowledge);
  const after = await s.insert(institutionalKnowledge, knowledge);
  await recordAction(s, { client_id: null, action: 'knowledge.recorded', after });
  return after;
}

/**
 * Corrects a piece of institutional knowledge.
 *
 * @throws AshlarError `row-not-found`, and the codes of {@link recordKnowledge}
 */
export async function reviseKnowledge(
  s: SophiaSession,
  id: Knowledge['id'],
  changes: KnowledgeChanges,
): Promise<Knowledge> {
  await assertNamesNoClient(s, changes);
  const before = await s.query
    .selectFrom('institutional_knowledge')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  const after = await s.update(institutionalKnowledge, id, changes);
  await recordAction(s, { client_id: null, action: 'knowledge.revised', before: before ?? null, after });
  return after;
}

/**
 * Lists the institutional knowledge, newest first; optionally only that of one category or with one tag. Any session
 * may read it.
 */
export async function findKnowledge(
  s: SophiaSession,
  wanted: { readonly category?: string | undefined; readonly tag?: string | undefined } = {},
): Promise<Knowledge[]> {
  const { category, tag } = wanted;
  let found = s.query.selectFrom('institutional_knowledge').selectAll();
  if (category !== undefined) found = found.where('category', '=', category);
  const rows = await found.orderBy('id', 'desc').execute();
  // filtered here: there are hundreds of rows at most, and the engines differ in how they search JSON
  return tag === undefined ? rows : rows.filter(({ tags }) => tags?.includes(tag));
}

/** Finds the clients that are visible to the session and named in a text, best match first. */
export async function clientsNamedIn(s: SophiaSession, text: string): Promise<Mention[]> {
  const clients = await s.query.selectFrom('clients').select('name').execute();
  return clients.flatMap(({ name }) => mentionOf(name, text) ?? []).toSorted((a, b) => b.score - a.score);
}

/**
 * Asserts that a name does not occur in the institutional knowledge.
 *
 * @throws AshlarError `input-invalid`
 */
export async function assertNotInKnowledge(s: SophiaSession, name: string): Promise<void> {
  // the table's schema refuses values that are not strings
  if (typeof name !== 'string') return;
  for (const knowledge of await findKnowledge(s)) {
    const mention = textsOf(knowledge)
      .map(([, text]) => mentionOf(name, text))
      .find(Boolean);
    if (!mention) continue;
    throw new AshlarError('input-invalid', {
      message: `The name ${name} occurs in the institutional knowledge, which must not name a client.`,
      detail: `“${mention.found}” occurs in the knowledge about ${knowledge.category} (${knowledge.id}).`,
      suggestion: 'Revise that knowledge first.',
    });
  }
}

const textsOf = ({
  category,
  content,
  source,
  tags,
}: Readonly<Pick<KnowledgeChanges, 'category' | 'content' | 'source' | 'tags'>>): [string, string][] =>
  Object.entries({ category, content, source, tags }).flatMap(([field, value]) =>
    // the table's schema refuses values that are not strings
    [value ?? []]
      .flat()
      .flatMap((text): [string, string][] => (typeof text === 'string' ? [[field, text]] : [])),
  );

const assertNamesNoClient = async (s: SophiaSession, knowledge: KnowledgeChanges): Promise<void> => {
  for (const [field, text] of textsOf(knowledge)) {
    const [mention] = await clientsNamedIn(s, text);
    if (!mention) continue;
    throw new AshlarError('input-invalid', {
      message: `The ${field} names a client: “${mention.found}” is ${mention.score === 100 ? '' : 'similar to '}${mention.name}.`,
      detail:
        'The sessions of all clients can read the institutional knowledge, so it must not reveal another client.',
      suggestion: 'Rephrase the text without the name.',
    });
  }
};

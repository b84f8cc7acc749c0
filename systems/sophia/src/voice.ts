import { AshlarError, type Database, type Insert, type SessionContext } from 'ashlar';
import { changeClient, lockActiveClient } from './dossier.js';
import {
  assertHasWords,
  isMeasured,
  longestInThread,
  type Measures,
  measureText,
  otherScriptOf,
  type Readability,
  readabilityOf,
} from './readability.js';
import {
  type Client,
  type SophiaSession,
  type tables,
  type VoiceMaterial,
  type VoiceProfile,
  voiceMaterials,
  voiceProfiles,
} from './tables.js';
import { confidenceIn, summaryOf } from './voice-summary.js';

/** A text in a client's own voice, to be stored as voice material. The service adds `readability` to its metadata. */
export type NewMaterial = Pick<
  Insert<typeof voiceMaterials>,
  'client_id' | 'source_type' | 'content' | 'source_url' | 'metadata'
>;

/** The rows that {@link addVoiceMaterial} wrote. */
export interface AddedMaterial {
  readonly material: VoiceMaterial;
  readonly profile: VoiceProfile;
}

/** A text that was measured by {@link measureMaterial}. */
export type MeasuredMaterial = NewMaterial & { readonly measured: Measures };

// what somebody else wrote there would be stored as if it had been measured
const measuredHere = new WeakSet<MeasuredMaterial>();

/**
 * Measures a text, outside any session: a long text takes seconds, and this in a thread of its own. Pass the result to
 * {@link addVoiceMaterial}.
 *
 * @throws AshlarError `input-invalid` when the text contains no word, or is too long
 */
export async function measureMaterial(given: NewMaterial): Promise<MeasuredMaterial> {
  const material = Object.freeze({ ...given, measured: await measureText(given.content) });
  measuredHere.add(material);
  return material;
}

/**
 * Measures a text, then opens a session and stores it: what {@link measureMaterial} and {@link addVoiceMaterial} do.
 *
 * @throws AshlarError as these
 */
export async function storeVoiceMaterial(
  db: Database<typeof tables>,
  context: SessionContext,
  given: NewMaterial,
): Promise<AddedMaterial> {
  const measured = await measureMaterial(given);
  return db.session(context, (s) => addVoiceMaterial(s, measured));
}

/**
 * Stores a text with its readability and recomputes the client's voice profile from all texts, in one transaction. The
 * profile therefore always covers every text. A text of more than 5,000 characters must be measured before
 * ({@link measureMaterial}): no other session could write meanwhile.
 *
 * @throws AshlarError `row-not-found`; `state-conflict` when the client is archived; `input-invalid` when the text
 *   contains no word; `usage` for a long text that was not measured; `value-invalid`
 */
export async function addVoiceMaterial(
  s: SophiaSession,
  material: NewMaterial | MeasuredMaterial,
): Promise<AddedMaterial> {
  const readability = measuresOf(material);
  const { measured: _, ...given } = material as MeasuredMaterial;
  const client = await lockActiveClient(s, given.client_id);
  return store(s, client, given, readability);
}

const measuresOf = (material: NewMaterial | MeasuredMaterial): Measures => {
  if ('measured' in material && measuredHere.has(material)) return material.measured;
  const { content } = material;
  assertHasWords(content);
  if (content.length <= longestInThread) return readabilityOf(content);
  throw new AshlarError('usage', {
    message: `A text of ${content.length} characters is measured before the session is opened.`,
    detail: 'It takes so long that other sessions would wait for this one.',
    suggestion:
      'Call storeVoiceMaterial(db, context, material), or pass the result of measureMaterial(material).',
  });
};

const store = async (
  s: SophiaSession,
  client: Client,
  given: NewMaterial,
  readability: Measures,
): Promise<AddedMaterial> => {
  const material = await s.insert(voiceMaterials, {
    ...given,
    metadata: { ...given.metadata, readability: { ...readability } },
  });
  const profile = await calibrate(s, client.id);
  await changeClient(
    s,
    client,
    {},
    {
      action: 'voice.added',
      summary: `Added ${readability.words} words of voice material`,
      details: {
        material_id: material.id,
        source_type: material.source_type,
        words: readability.words,
        sample_count: profile.sample_count,
      },
    },
  );
  return { material, profile };
};

/** Returns the voice materials of a client, oldest first. */
export function voiceMaterialsOf(s: SophiaSession, client_id: Client['id']): Promise<VoiceMaterial[]> {
  return s.query
    .selectFrom('voice_materials')
    .selectAll()
    .where('client_id', '=', client_id)
    .orderBy('id')
    .execute();
}

/** Returns the voice profile of a client; `undefined` if the client has no voice material yet. */
export function voiceProfileOf(s: SophiaSession, client_id: Client['id']): Promise<VoiceProfile | undefined> {
  return s.query
    .selectFrom('voice_profiles')
    .selectAll()
    .where('client_id', '=', client_id)
    .executeTakeFirst();
}

/** The score of one word of one syllable, and of no text that has a higher one by right. */
const highestScore = 121.22;

/** The texts in another script that an earlier release measured: their words have no syllables for its formulas. */
const wronglyMeasured = async (
  s: SophiaSession,
  measures: ReadonlyMap<string, Readability>,
): Promise<readonly string[]> => {
  const doubtful = [...measures].filter(([, each]) => each.flesch_reading_ease > highestScore);
  const wrong: string[] = [];
  for (const [id] of doubtful) {
    const material = await s.get(voiceMaterials, id);
    if (material && otherScriptOf(material.content) !== undefined) wrong.push(id);
  }
  return wrong;
};

// the caller holds the client's lock
const calibrate = async (s: SophiaSession, client_id: Client['id']): Promise<VoiceProfile> => {
  const materials = await s.query
    .selectFrom('voice_materials')
    .select(['id', 'metadata'])
    .where('client_id', '=', client_id)
    .execute();
  const measures = new Map(
    materials.flatMap(({ id, metadata }) => {
      const found = metadata?.readability as unknown as Measures | undefined;
      return found && isMeasured(found) ? [[id, found] as const] : [];
    }),
  );
  for (const id of await wronglyMeasured(s, measures)) measures.delete(id);
  const figures = [...measures.values()];
  const profile = await voiceProfileOf(s, client_id);
  const calibrated = {
    profile_data: { ...profile?.profile_data, readability: figures.length === 0 ? null : summaryOf(figures) },
    // of the texts from which the voice is known
    overall_confidence_pct: confidenceIn(figures),
    sample_count: materials.length,
    last_calibrated_at: s.now(),
  };
  return profile
    ? s.update(voiceProfiles, profile.id, calibrated)
    : s.insert(voiceProfiles, { client_id, ...calibrated });
};

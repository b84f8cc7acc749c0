import { AshlarError, type Insert } from 'ashlar';
import { changeClient, lockActiveClient } from './dossier.js';
import { foldedWords } from './plain-words.js';
import { type Readability, readabilityOf } from './readability.js';
import {
  type Client,
  type SophiaSession,
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

/**
 * Stores a text with its readability and recomputes the client's voice profile from all texts, in one transaction. The
 * profile therefore always covers every text.
 *
 * @throws AshlarError `row-not-found`; `state-conflict` when the client is archived; `input-invalid` when the text
 *   contains no word; `value-invalid`
 */
export async function addVoiceMaterial(s: SophiaSession, given: NewMaterial): Promise<AddedMaterial> {
  assertHasWords(given.content);
  const client = await lockActiveClient(s, given.client_id);
  const readability = readabilityOf(given.content);
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
}

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

// the caller holds the client's lock
const calibrate = async (s: SophiaSession, client_id: Client['id']): Promise<VoiceProfile> => {
  const materials = await s.query
    .selectFrom('voice_materials')
    .select('metadata')
    .where('client_id', '=', client_id)
    .execute();
  const figures = materials.flatMap(
    ({ metadata }) => (metadata?.readability as unknown as Readability | undefined) ?? [],
  );
  const profile = await voiceProfileOf(s, client_id);
  const calibrated = {
    profile_data: { ...profile?.profile_data, readability: summaryOf(figures) },
    overall_confidence_pct: confidenceIn(figures),
    sample_count: materials.length,
    last_calibrated_at: s.now(),
  };
  return profile
    ? s.update(voiceProfiles, profile.id, calibrated)
    : s.insert(voiceProfiles, { client_id, ...calibrated });
};

const assertHasWords = (content: string): void => {
  if (typeof content === 'string' && foldedWords(content).length > 0) return;
  throw new AshlarError('input-invalid', {
    message: 'The voice material contains no word.',
    suggestion: 'Pass the text as `content`.',
  });
};

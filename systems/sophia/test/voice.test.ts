import { readdir } from 'node:fs/promises';
import {
  addVoiceMaterial,
  archiveClient,
  clientActions,
  clients,
  confidenceIn,
  isMeasured,
  readabilityOf as measuresOf,
  type Readability,
  sampleClients,
  sampleText,
  type VoiceProfile,
  voiceMaterialsOf,
  voiceProfileOf,
} from '@ashlar/sophia';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { type OpenSophia, openSophia } from './support.js';

/** The figures of a text in Latin script. */
const readabilityOf = (text: string): Readability => {
  const measures = measuresOf(text);
  if (!isMeasured(measures)) throw new Error(`no figures: ${measures.script}`);
  return measures;
};

const files = sampleClients.flatMap(({ texts }) => texts.map(({ file }) => file));

describe('the figures of a text', () => {
  it('distinguish a children’s story from a paper for trustees', async () => {
    const of = async (file: string) => readabilityOf(await sampleText(file));
    const tale = await of('nursery-story.txt');
    const paper = await of('actuarial-whitepaper.txt');
    expect(tale.flesch_reading_ease).toBeGreaterThan(90);
    expect(paper.flesch_reading_ease).toBeLessThan(20);
    for (const figure of [
      'flesch_kincaid_grade',
      'gunning_fog',
      'smog_index',
      'coleman_liau_index',
      'automated_readability_index',
      'dale_chall_score',
      'difficult_words',
    ] as const)
      expect(paper[figure], figure).toBeGreaterThan(tale[figure]);
  });

  it('follow the formula', () => {
    const text = 'The cat sat on the mat. It was a fat cat. It ran to the door and sat down.';
    const { words, sentences, syllables, flesch_reading_ease } = readabilityOf(text);
    expect([words, sentences, syllables]).toEqual([19, 3, 19]);
    // 206.835 − 1.015 × 6.3 words a sentence − 84.6 × 1 syllable a word
    expect(flesch_reading_ease).toBeCloseTo(115.84, 2);
  });

  it('are finite numbers for any text with a word', () => {
    for (const text of ['x', '...a', 'a\n\nb', '1 2 3', 'É', '🙂 ok', 'a-b-c', 'x'.repeat(2_000)])
      for (const [figure, value] of Object.entries(readabilityOf(text)))
        expect(Number.isFinite(value) && !Object.is(value, -0), `${figure} of ${text}`).toBe(true);
  });

  it('cover a sample of several thousand words', async () => {
    const texts = await Promise.all(files.map(sampleText));
    expect(texts.map(readabilityOf).reduce((sum, { words }) => sum + words, 0)).toBeGreaterThan(3_500);
    const folder = new URL('../sample/texts/', import.meta.url);
    expect(files.toSorted()).toEqual((await readdir(folder)).toSorted());
  });

  it('raise the confidence with the number and length of texts', () => {
    expect(confidenceIn([])).toBe(0);
    expect(confidenceIn([{ words: 1_000 }])).toBe(31);
    expect(confidenceIn(Array.from({ length: 8 }, () => ({ words: 250 })))).toBe(100);
    expect(confidenceIn(Array.from({ length: 80 }, () => ({ words: 10 })))).toBe(70);
  });
});

describe.each(engines)('voice material on $name', (engine) => {
  let open: OpenSophia;
  beforeAll(async () => {
    open = await openSophia(engine);
  });
  afterAll(() => open.remove());

  it('is stored with its figures, and the profile covers all of it', async () => {
    const client = await open.client();
    const contents = await Promise.all(files.slice(0, 4).map(sampleText));
    let profile: VoiceProfile | undefined;
    for (const content of contents) {
      const source_url = 'https://example.org/texts';
      const added = await open.as(client, (s) =>
        addVoiceMaterial(s, {
          client_id: client.id,
          source_type: 'website',
          content,
          source_url,
          metadata: { language: 'en' },
        }),
      );
      expect(added.material).toMatchObject({
        content,
        source_url,
        metadata: { language: 'en', readability: readabilityOf(content) },
      });
      profile = added.profile;
    }
    const materials = await open.operate((s) => voiceMaterialsOf(s, client.id));
    expect(materials.map(({ content }) => content)).toEqual(contents);
    const figures = materials.map(({ metadata }) => metadata?.readability as unknown as Readability);
    const ease = figures.map((each) => each.flesch_reading_ease);
    expect(profile).toMatchObject({
      sample_count: 4,
      overall_confidence_pct: confidenceIn(figures),
      profile_data: {
        readability: {
          words: figures.reduce((sum, { words }) => sum + words, 0),
          flesch_reading_ease: { min: Math.min(...ease), max: Math.max(...ease) },
        },
      },
    });
    expect(await open.operate((s) => voiceProfileOf(s, client.id))).toEqual(profile);
    const lines = await open.operate((s) => clientActions(s, client.id, { action: 'voice.added' }));
    expect(lines.map(({ details }) => details?.sample_count)).toEqual([4, 3, 2, 1]);
    expect(lines[0]).toMatchObject({ details: { material_id: materials[3]?.id } });
  });

  it('added concurrently is all counted', async () => {
    const client = await open.client();
    await Promise.all(
      [1, 2, 3, 4, 5, 6].map((n) =>
        open.operate((s) =>
          addVoiceMaterial(s, {
            client_id: client.id,
            source_type: 'post',
            content: `Post number ${n} of the day.`,
          }),
        ),
      ),
    );
    expect(await open.operate((s) => voiceProfileOf(s, client.id))).toMatchObject({
      sample_count: 6,
      profile_data: { readability: { words: 36 } },
    });
  });

  it('is refused without a word, and for an archived or unknown client, and writes nothing', async () => {
    const client = await open.client();
    const add = (changes: object) =>
      open.operate((s) =>
        addVoiceMaterial(s, { client_id: client.id, source_type: 'post', content: 'Some text.', ...changes }),
      );
    await expect(add({ content: ' …\n— ' })).rejects.toMatchObject({ code: 'input-invalid' });
    await expect(add({ content: undefined })).rejects.toMatchObject({ code: 'input-invalid' });
    await expect(add({ source_url: 'not a url' })).rejects.toMatchObject({ code: 'value-invalid' });
    const unknown = '01890000-0000-7000-8000-000000000000';
    await expect(add({ client_id: unknown })).rejects.toMatchObject({ code: 'row-not-found' });
    await open.operate((s) => archiveClient(s, client.id));
    await expect(add({})).rejects.toMatchObject({ code: 'state-conflict' });
    expect(await open.operate((s) => voiceMaterialsOf(s, client.id))).toEqual([]);
    expect(await open.operate((s) => voiceProfileOf(s, client.id))).toBeUndefined();
    expect(await open.operate((s) => s.get(clients, client.id))).toMatchObject({
      last_action_summary: 'Archived',
    });
  });
});

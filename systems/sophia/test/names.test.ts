import {
  addVoiceMaterial,
  findClient,
  importClients,
  isMeasured,
  measureMaterial,
  measureText,
  nameKey,
  readabilityOf,
  storeVoiceMaterial,
  updateClient,
  voiceMaterials,
  voiceProfileOf,
} from '@ashlar/sophia';
import { everyScope } from 'ashlar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { freshName, type OpenSophia, openSophia } from './support.js';

describe('the key of a name', () => {
  it.each([
    ['Harbour & Vine', 'HARBOUR & VINE'],
    ['Harbour & Vine', 'Ｈarbour　＆  Ｖine '],
    ['Straße', 'STRASSE'],
    ['ΟΔΟΣ', 'οδος'],
    ['e\u0301lan', 'Élan'],
    ['ﬁne', 'FINE'],
    ['№ 5', 'No 5'],
    ['STRAẞE', 'Straße'],
    ['STRAẞE', 'strasse'],
    ['Harbour\u200b', 'Harbour'],
    ['Har\u00adbour', 'Harbour'],
    ['Harbour\u3164', 'Harbour'],
    ['İstanbul', 'i\u0307stanbul'],
  ])('is the same for %s and %s', (a, b) => {
    expect(nameKey(a)).toBe(nameKey(b));
  });
  it.each([
    ['Elan', 'Élan'],
    ['Harbour', 'Harbor'],
    ['Kılıç', 'Kiliç'],
  ])('differs for %s and %s', (a, b) => {
    expect(nameKey(a)).not.toBe(nameKey(b));
  });
  it('is the same for letters that Unicode folds to one, and stays the same when computed again', () => {
    const wrong: string[] = [];
    for (let code = 1; code <= 0x1_ff_ff; code++) {
      const letter = String.fromCodePoint(code);
      if (!/\p{L}/u.test(letter)) continue;
      const isFold = new RegExp(`^${letter}$`, 'iu');
      const forms = [letter.toLowerCase(), letter.toUpperCase()].filter((form) => isFold.test(form));
      const key = nameKey(`a${letter}b`);
      if (forms.some((form) => nameKey(`a${form}b`) !== key) || nameKey(key) !== key) wrong.push(letter);
    }
    expect(wrong).toEqual([]);
  });
});

describe('the readability of a text', () => {
  it.each([
    ['Съешь же ещё этих мягких французских булок.', 'Cyrillic', 7],
    ['東京は大きい。', 'Han', 1],
    ['مرحبا بالعالم', 'Arabic', 2],
    ['ᚠᚢᚦ', 'not Latin', 1],
  ])('is not measured for %s', (text, script, least) => {
    const measures = readabilityOf(text);
    expect(measures).toMatchObject({ unmeasured: 'not for this script' });
    expect('flesch_reading_ease' in measures).toBe(false);
    expect(measures).toMatchObject({ script });
    expect(measures.words).toBeGreaterThanOrEqual(least);
  });
  it('is measured for Latin text with some words of another script', () => {
    expect(isMeasured(readabilityOf('The word мир means peace in Russian.'))).toBe(true);
  });
  it('of a long text is that of the same text in one thread, and the event loop goes on', async () => {
    const text = 'The quick brown fox jumps over a remarkably lazy dog. '.repeat(600);
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const measures = await measureText(text).finally(() => clearInterval(timer));
    expect(turns).toBeGreaterThan(0);
    expect(measures).toEqual(readabilityOf(text));
  });
  it('of a text of more than 2,000,000 characters is refused', async () => {
    await expect(measureText('a '.repeat(1_000_001))).rejects.toMatchObject({ code: 'input-invalid' });
  });
});

describe.each(engines)('names and texts on $name', (engine) => {
  let open: OpenSophia;
  beforeAll(async () => {
    open = await openSophia(engine);
  });
  afterAll(() => open.remove());

  it('are unique whatever their case and the form of their characters', async () => {
    const name = `Straße Élan ${freshName()}`;
    const { id } = await open.client({ name });
    for (const other of [name.toUpperCase(), name.normalize('NFD'), ` ${name}  `, name.replace('S', 'Ｓ')]) {
      await expect(open.client({ name: other })).rejects.toMatchObject({ code: 'state-conflict' });
      expect(await open.operate((s) => findClient(s, other))).toMatchObject({ id });
    }
    const second = await open.client();
    const renaming = open.operate((s) => updateClient(s, second.id, { name: name.toUpperCase() }));
    await expect(renaming).rejects.toMatchObject({ code: 'state-conflict' });
    expect(await open.operate((s) => updateClient(s, id, { name: name.toUpperCase() }))).toMatchObject({
      id,
    });
  });

  it('a long text is measured outside the session, and refused inside it', async () => {
    const client = await open.client();
    const content = 'The quick brown fox jumps over a lazy dog. '.repeat(400);
    const material = { client_id: client.id, source_type: 'book', content };
    const inside = open.operate((s) => addVoiceMaterial(s, material));
    await expect(inside).rejects.toMatchObject({ code: 'usage' });
    const forged = { ...material, measured: readabilityOf('x') };
    await expect(open.operate((s) => addVoiceMaterial(s, forged))).rejects.toMatchObject({ code: 'usage' });
    const measured = await measureMaterial(material);
    await open.operate((s) => addVoiceMaterial(s, measured));
    const context = { actor: 'operator', scope: everyScope };
    const { profile } = await storeVoiceMaterial(open.db, context, material);
    expect(profile.sample_count).toBe(2);
  });

  it('a text in another script is stored, and does not change the figures of the voice', async () => {
    const client = await open.client();
    const add = (content: string) =>
      open.operate((s) => addVoiceMaterial(s, { client_id: client.id, source_type: 'post', content }));
    const { material } = await add('Съешь же ещё этих мягких французских булок.');
    expect(material.metadata?.readability).toMatchObject({ unmeasured: 'not for this script' });
    expect(await open.operate((s) => voiceProfileOf(s, client.id))).toMatchObject({
      sample_count: 1,
      overall_confidence_pct: 0,
      profile_data: { readability: null },
    });
    // as an earlier release measured it
    const early = {
      readability: {
        words: 7,
        flesch_reading_ease: 202,
        flesch_kincaid_grade: 1,
        gunning_fog: 1,
        text_standard: 1,
      },
    };
    await open.operate((s) => s.update(voiceMaterials, material.id, { metadata: early }));
    const { profile } = await add('One plain text.');
    expect(profile).toMatchObject({ sample_count: 2, profile_data: { readability: { words: 3 } } });
  });

  it('dossiers are imported from CSV and JSON; what is refused is reported by its line', async () => {
    const [a, b, c] = [freshName(), freshName(), freshName()];
    const csv = [
      '\ufeffname,industry,geography_radius_km,content_pillars,target_audience',
      `${a},Retail,12,catch; wine,"{""primary"":""couples""}"`,
      `${a.toUpperCase()},Retail,,,`,
      `${b},,,,`,
      `${c},Retail,far,,`,
    ].join('\r\n');
    const report = await importClients(open.db, csv, { format: 'csv', actor: 'user:1' });
    expect(report.created.map(({ client }) => client)).toMatchObject([
      {
        name: a,
        geography_radius_km: 12,
        content_pillars: ['catch', 'wine'],
        target_audience: { primary: 'couples' },
        profile_completeness_pct: 30,
      },
    ]);
    expect(report.rejected.map(({ at }) => at)).toEqual([3, 4, 5]);
    const json = JSON.stringify([
      { name: b, industry: 'Retail' },
      { name: a, industry: 'Retail' },
    ]);
    const second = await importClients(open.db, json, { format: 'json' });
    expect([second.created.length, second.rejected.map(({ at }) => at)]).toEqual([1, [2]]);
    for (const [text, format] of [
      ['name,is_archived\nx,true', 'csv'],
      ['name,name\nx,y', 'csv'],
      ['{"name": "x"}', 'json'],
      ['[1]', 'json'],
      ['nonsense', 'json'],
    ] as const)
      await expect(importClients(open.db, text, { format })).rejects.toMatchObject({ code: 'input-invalid' });
    // lines are those on which dossiers begin; a semicolon in a cell divides nothing
    const lines = ['name', `"${freshName()}`, `${freshName()}"`, '', `${freshName()}; z`].join('\n');
    const third = await importClients(open.db, lines, { format: 'csv' });
    expect(third.rejected.map(({ at, reason }) => [at, /industry/.test(reason)])).toEqual([
      [2, true],
      [5, true],
    ]);
  });
});

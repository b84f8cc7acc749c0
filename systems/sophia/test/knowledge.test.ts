import {
  clientActions,
  clients,
  clientsNamedIn,
  createClient,
  findKnowledge,
  institutionalKnowledge,
  mentionOf,
  recordKnowledge,
  reviseKnowledge,
  sampleClients,
  sampleKnowledge,
  updateClient,
} from '@ashlar/sophia';
import { everyScope } from 'ashlar';
import { sql } from 'ashlar/query';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { plainWordsSql } from '../src/plain-words.js';
import { freshName, type OpenSophia, openSophia } from './support.js';

describe('a mention', () => {
  const name = 'Café Marlow & Finch Ltd';

  it.each([
    ['the name itself', 'We learned it at Café Marlow & Finch Ltd.', 100],
    ['other case and accents', 'CAFE MARLOW & FINCH', 100],
    ['no legal form', 'what cafe marlow and finch does', 100],
    ['a handle', 'see @cafemarlowandfinch', 100],
    ['a misspelling', 'Cafe Marlo & Finch', 97],
  ])('is found by %s', (_, text, score) => {
    expect(mentionOf(name, text)).toMatchObject({ name, score: expect.closeTo(score, 0) });
  });

  it.each([
    ['', 'nothing'],
    ['Finch and sparrows in the garden', 'a part of it'],
    ['cafes, marlows, finches', 'words like its words'],
  ])('is not found in %j, which has %s', (text) => {
    expect(mentionOf(name, text)).toBeUndefined();
  });

  it('of a short name requires whole words', () => {
    expect(mentionOf('Oak', 'soaked oaks')).toBeUndefined();
    expect(mentionOf('Oak', 'under the oak')).toMatchObject({ score: 100 });
  });
});

describe.each(engines)('institutional knowledge on $name', (engine) => {
  let open: OpenSophia;
  beforeAll(async () => {
    open = await openSophia(engine);
  });
  afterAll(() => open.remove());

  const refusedBy = (code: string) => expect.objectContaining({ code });
  const about = (content: string) => ({ category: 'writing', content });

  it('is recorded, found and revised, without a client in audit_log', async () => {
    for (const { client } of sampleClients) await open.operate((s) => createClient(s, client));
    for (const knowledge of sampleKnowledge) await open.operate((s) => recordKnowledge(s, knowledge));
    const [guides] = await open.operate((s) => findKnowledge(s, { tag: 'guides' }));
    expect(guides).toMatchObject({ category: 'manufacturing', confidence: 0.6 });
    const id = guides?.id ?? '';
    await open.operate((s) => reviseKnowledge(s, id, { confidence: 0.9, tags: null }));
    expect(await open.operate((s) => findKnowledge(s, { category: 'manufacturing' }))).toMatchObject([
      { id, confidence: 0.9, tags: null },
    ]);
    const lines = await open.operate((s) =>
      s.query
        .selectFrom('audit_log')
        .selectAll()
        .where('action', 'like', 'knowledge.%')
        .orderBy('id')
        .execute(),
    );
    expect(lines.map(({ client_id, action }) => [client_id, action])).toEqual([
      ...sampleKnowledge.map(() => [null, 'knowledge.recorded']),
      [null, 'knowledge.revised'],
    ]);
    expect(lines.at(-1)).toMatchObject({ before_snapshot: guides, after_snapshot: { confidence: 0.9 } });
  });

  it('names no client in any of its fields', async () => {
    const { name } = await open.client({ name: 'Windmill Hill Bakery' });
    const attempts = [
      about('At Windmill Hill Bakery mornings work best.'),
      about('what the windmill-hill bakery taught us'),
      about('Ask @windmillhillbakery.'),
      about('Windmil Hill Bakery says no.'),
      { ...about('fine'), category: name },
      { ...about('fine'), source: `a call with ${name}` },
      { ...about('fine'), tags: ['bakeries', name] },
    ];
    const { id } = await open.operate((s) => recordKnowledge(s, about('Mornings work best for bakeries.')));
    for (const attempt of attempts) {
      const record = open.operate((s) => recordKnowledge(s, attempt));
      await expect(record, JSON.stringify(attempt)).rejects.toMatchObject({
        code: 'input-invalid',
        message: expect.stringContaining(name),
        suggestion: 'Rephrase the text without the name.',
      });
      const revise = open.operate((s) => reviseKnowledge(s, id, attempt));
      await expect(revise, JSON.stringify(attempt)).rejects.toEqual(refusedBy('input-invalid'));
    }
    expect(await open.operate((s) => clientsNamedIn(s, 'windmill hill bakery'))).toMatchObject([
      { name, found: 'windmill hill bakery', score: 100 },
    ]);
  });

  it('cannot contain the words of a name even without a service: the database refuses it', async () => {
    const name = "O'Hara — Sons & Daughters";
    await open.client({ name });
    const { id } = await open.operate((s) => recordKnowledge(s, about('Families argue about names.')));
    const attempts = [
      { content: 'Seen at O’HARA, Sons and… no: o’hara sons & daughters.' },
      { content: `\n\t${name}!` },
      { source: name },
      { category: `(${name})` },
      { tags: ['x', name] },
    ];
    for (const attempt of attempts) {
      const insert = open.operate((s) => s.insert(institutionalKnowledge, { ...about('x'), ...attempt }));
      await expect(insert, JSON.stringify(attempt)).rejects.toMatchObject({
        code: 'guarantee-violated',
        message: 'institutional knowledge names a client',
      });
      const update = open.operate((s) => s.update(institutionalKnowledge, id, attempt));
      await expect(update, JSON.stringify(attempt)).rejects.toEqual(refusedBy('guarantee-violated'));
    }
    // other words do not match, and a match does not span two fields
    await open.operate((s) => s.insert(institutionalKnowledge, about('The oharas, sons and daughters.')));
    await open.operate((s) =>
      s.insert(institutionalKnowledge, { category: "O'Hara Sons", content: 'Daughters write more.' }),
    );
  });

  it('prevents a name that it contains from becoming a client’s name', async () => {
    await open.operate((s) => recordKnowledge(s, about('A lantern quarter needs lights.')));
    const { id } = await open.client();
    for (const name of ['Lantern Quarter', 'LANTERN-QUARTER Ltd', 'Lantern Quartier']) {
      const attempts = [
        () => open.operate((s) => createClient(s, { name, industry: 'Retail' })),
        () => open.operate((s) => updateClient(s, id, { name })),
      ];
      for (const attempt of attempts)
        await expect(attempt(), name).rejects.toMatchObject({
          code: 'input-invalid',
          suggestion: 'Revise that knowledge first.',
        });
    }
    const direct = open.operate((s) =>
      s.query.updateTable('clients').set({ name: 'lantern/quarter' }).where('id', '=', id).execute(),
    );
    await expect(direct).rejects.toMatchObject({
      code: 'guarantee-violated',
      message: 'a client has a name that occurs in the institutional knowledge',
    });
    expect(await open.operate((s) => clientActions(s, id))).toHaveLength(1);
  });

  it('and a client’s name written concurrently exclude each other', async () => {
    for (let round = 0; round < 6; round++) {
      const name = freshName();
      const ended = await Promise.allSettled([
        // without the services, which check beforehand
        open.operate((s) => s.insert(clients, { name, name_key: name, industry: 'Retail' })),
        open.operate((s) => s.insert(institutionalKnowledge, about(`Of ${name}.`))),
      ]);
      expect(ended.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    }
  });

  it('splits words as every other engine does', async () => {
    const plain = (text: string) =>
      text
        .replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
        .split(/[\t\n\r !-/:-@[-`{-~…–—‘’“”\u00a0]+/)
        .filter(Boolean);
    const characters = fc.constantFrom(...'aZ é9\t\n<>&-\'"\\’_%§東🙂|');
    await open.db.read({ scope: everyScope }, (s) =>
      fc.assert(
        fc.asyncProperty(fc.string({ unit: characters, maxLength: 30 }), async (text) => {
          const words = sql.raw(plainWordsSql(open.db.engine.dialect.name, 'given.text'));
          const { rows } = await sql<{ words: string }>`
            SELECT ${words} AS words FROM (SELECT CAST(${text} AS text) AS text) AS given`.execute(s.query);
          expect(rows[0]?.words).toBe(plain(text).reduce((line, word) => `${line}${word} `, ' '));
        }),
        { numRuns: 60 },
      ),
    );
  });
});

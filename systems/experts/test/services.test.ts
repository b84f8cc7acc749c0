import {
  conversations,
  type Exchange,
  type ExchangePage,
  type ExpertsDatabase,
  forgetLead,
  leads,
  leadsAsCsv,
  leadsAsJson,
  logExchange,
  openExperts,
  pageConversation,
  pageOpenGaps,
  readLeads,
  resolveGap,
} from '@ashlar/experts';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { engines, type Place } from '../../../test/support/engines.js';
import { all, someExchange } from './support.js';

// the same code for all engines: only the environment selects the engine
describe.each(engines)('the log of experts on $name', (engine) => {
  let place: Place;
  let db: ExpertsDatabase;
  beforeAll(async () => {
    place = await engine.place();
    vi.stubEnv('DATABASE_URL', place.url);
    vi.stubEnv('DATABASE_KEY', place.key);
    db = await openExperts();
    vi.unstubAllEnvs();
  });
  afterEach(async () => {
    for (const { email } of await db.read((s) => all(readLeads(s)))) {
      await db.session((s) => forgetLead(s, email));
    }
  });
  afterAll(async () => {
    await db.close();
    await place.remove();
  });

  const log = (changes: Partial<Exchange> = {}) => db.session((s) => logExchange(s, someExchange(changes)));

  test('an exchange is stored unchanged except for its normalised address', async () => {
    const exchange: Exchange = {
      email: '  Thandi.Nkosi@Example.ORG ',
      query: 'Who knows “cold chains”?',
      history: [{ role: 'user', content: 'Hello' }],
      response_type: 'match',
      response_narrative: 'Two people do.',
      response_experts: [
        { name: 'A', title: 'CFO', company: 'B', hourly_rate: '$200', profile_url: 'https://c.example/a' },
      ],
      top_match_score: 0.875,
      source: 'widget',
    };
    const logged = await log(exchange);
    const { id, created_at, ...rest } = logged;
    expect(rest).toEqual({ ...exchange, email: 'thandi.nkosi@example.org', gap_resolved: false });
    expect(Math.abs(Date.parse(created_at) - Date.now())).toBeLessThan(60_000);
    expect(await db.get(conversations, id)).toEqual(logged);
    const lead = await db.get(leads, rest.email);
    expect(lead && lead.captured_at <= created_at).toBe(true);
  });

  test.each([
    ['a text without @', { email: 'thandi' }],
    ['an address without a domain', { email: 'thandi@' }],
    ['an address that is not a string', { email: undefined as unknown as string }],
    ['an address with a NUL character', { email: 'a\0b@example.org' }],
    ['an address with a lone surrogate', { email: 'a\uD800@example.org' }],
    ['an address with a space', { email: 'than di@example.org' }],
    ['an address of 321 characters', { email: `${'a'.repeat(64)}@${'b'.repeat(251)}.org.za`.slice(0, 321) }],
    ['an empty question', { query: '' }],
    ['a question with a NUL character', { query: 'a\0b' }],
    ['an unknown type of response', { response_type: 'guess' as 'match' }],
    ['a history of another shape', { history: [{ role: 'user' }] as unknown as Exchange['history'] }],
    ['a score that is not a number', { top_match_score: Number.NaN }],
  ])('%s is refused, and no row is written', async (_, changes) => {
    // the session stays usable and commits
    await db.session(async (s) => {
      await expect(logExchange(s, someExchange(changes))).rejects.toMatchObject({
        code: expect.stringMatching(/^value-(invalid|unstorable)$/),
      });
    });
    expect(await db.read((s) => s.query.selectFrom('leads').selectAll().execute())).toEqual([]);
  });

  test('an address of 320 characters is accepted', async () => {
    const email = `${'a'.repeat(64)}@${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(63)}.${'e'.repeat(63)}`;
    expect(email.length).toBe(320);
    expect(await log({ email })).toMatchObject({ email });
  });

  test('a conversation is paged newest first, and new exchanges do not shift the pages', async () => {
    const ids: number[] = [];
    for (let i = 0; i < 5; i++) ids.unshift((await log({ query: `question ${i}` })).id);
    await log({ email: 'other@example.org' });
    const pages: ExchangePage[] = [];
    let before: ExchangePage['next'];
    do {
      const page = await db.read((s) =>
        pageConversation(s, { email: 'THANDI@example.org', limit: 2, before }),
      );
      pages.push(page);
      before = page.next;
      await log({ query: 'new' });
    } while (before);
    expect(pages.map(({ exchanges }) => exchanges.map(({ id }) => id))).toEqual([
      ids.slice(0, 2),
      ids.slice(2, 4),
      ids.slice(4),
    ]);
    const none = await db.read((s) => pageConversation(s, { email: 'unknown@example.org' }));
    expect(none).toEqual({ exchanges: [], next: undefined });
    await expect(db.read((s) => pageConversation(s, { email: 'x', limit: 1_001 }))).rejects.toMatchObject({
      code: 'input-invalid',
    });
  });

  test('the CSV contains no spreadsheet formulas', async () => {
    const typed = [
      '=1+cmd|x@example.org',
      '+27@example.org',
      '-2@example.org',
      '@@example.org',
      'a,b@example.org',
    ];
    const accepted: string[] = [];
    for (const email of typed) {
      if (email.startsWith('@'))
        await expect(log({ email })).rejects.toMatchObject({ code: 'value-invalid' });
      else accepted.push((await log({ email })).email);
    }
    const csv = (await db.read((s) => all(leadsAsCsv(s)))).join('');
    const [header, ...cells] = parse(csv) as string[][];
    expect(header).toEqual(['email', 'first_contact', 'last_contact', 'exchanges']);
    expect(cells.map(([email]) => email)).toEqual(
      accepted.sort().map((email) => (/^[=+-]/.test(email) ? `'${email}` : email)),
    );
    for (const cell of cells.flat()) expect(cell).not.toMatch(/^[=+\-@\t\r]/);
  });

  test('an empty log yields no leads, and still valid JSON and CSV', async () => {
    const [json, csv] = await db.read(async (s) => [await all(leadsAsJson(s)), await all(leadsAsCsv(s))]);
    expect(JSON.parse(json.join(''))).toEqual([]);
    expect(csv.join('')).toBe('email,first_contact,last_contact,exchanges\r\n');
  });

  test('leads equal the log, for any log', async () => {
    const local = fc.constantFrom('a', 'B', 'é', 'z.z', "o'x", '🙂', '=1', 'x,y');
    const email = fc
      .tuple(local, fc.constantFrom('example.org', 'Example.ORG', 'müller.example'))
      .map((p) => p.join('@'));
    await fc.assert(
      fc.asyncProperty(fc.array(email, { maxLength: 40 }), async (emails) => {
        const logged = await db.session(async (s) => {
          const rows = [];
          for (const each of emails) rows.push(await logExchange(s, someExchange({ email: each })));
          return rows;
        });
        const byAddress = new Map<string, string[]>();
        for (const { email: of, created_at } of logged) {
          byAddress.set(of, [...(byAddress.get(of) ?? []), created_at]);
        }
        const expected = [...byAddress]
          .map(([of, times]) => ({
            email: of,
            first_contact: times.toSorted()[0],
            last_contact: times.toSorted().at(-1),
            exchanges: times.length,
          }))
          .sort((a, b) => Buffer.compare(Buffer.from(a.email), Buffer.from(b.email)));
        const [found, json] = await db.read(async (s) => [
          await all(readLeads(s)),
          await all(leadsAsJson(s)),
        ]);
        expect(found).toEqual(expected);
        expect(JSON.parse(json.join(''))).toEqual(expected);
        await db.session(async (s) => {
          for (const lead of found) expect(await forgetLead(s, lead.email)).toBe(true);
        });
      }),
      { numRuns: 12 },
    );
  });

  test('a gap is listed until it is resolved, once', async () => {
    await log();
    const first = await log({ response_type: 'clarification', query: 'Who knows bees?' });
    const second = await log({ response_type: 'clarification', query: 'Who knows organs?' });
    const open = async () => (await db.read((s) => pageOpenGaps(s))).exchanges;
    expect(await open()).toEqual([second, first]);
    const resolved = await db.session((s) => resolveGap(s, first.id));
    expect(resolved).toEqual({ ...first, gap_resolved: true });
    expect(await db.session((s) => resolveGap(s, first.id))).toEqual(resolved);
    expect(await open()).toEqual([second]);
    await expect(db.session((s) => resolveGap(s, 1_000_000))).rejects.toMatchObject({
      code: 'row-not-found',
    });
    const reopened = db.session((s) => s.update(conversations, first.id, { gap_resolved: false }));
    await expect(reopened).rejects.toMatchObject({ code: 'guarantee-violated' });
  });

  test('the log cannot be rewritten or thinned, but a person can be forgotten completely', async () => {
    const { id, email } = await log();
    await log({ query: 'again' });
    const { id: others } = await log({ email: 'other@example.org' });
    const attempts = [
      () => db.session((s) => s.update(conversations, id, { query: 'forged' })),
      () => db.session((s) => s.delete(conversations, id)),
      () =>
        db.session((s) => s.query.updateTable('conversations').set({ email: 'other@example.org' }).execute()),
    ];
    for (const attempt of attempts) {
      await expect(attempt()).rejects.toMatchObject({ code: 'guarantee-violated' });
    }
    expect(await db.session((s) => forgetLead(s, email.toUpperCase()))).toBe(true);
    expect(await db.session((s) => forgetLead(s, email))).toBe(false);
    const left = await db.read((s) => s.query.selectFrom('conversations').select('id').execute());
    expect(left).toEqual([{ id: others }]);
    expect(await db.get(leads, email)).toBeUndefined();
    // a person who returns is a new lead
    expect(await log()).toMatchObject({ email });
  });

  test('concurrent forgetting and logging never leave part of a lead', async () => {
    const rounds = Array.from({ length: 20 }, (_, i) => i);
    await Promise.all([
      ...rounds.map((i) => log({ query: `question ${i}` })),
      ...rounds.map(() => db.session((s) => forgetLead(s, 'thandi@example.org'))),
    ]);
    await log({ query: 'the last' });
    const { exchanges } = await db.read((s) => pageConversation(s, { email: 'thandi@example.org' }));
    expect(exchanges[0]?.query).toBe('the last');
    const [lead] = await db.read((s) => all(readLeads(s)));
    expect(lead?.exchanges).toBe(exchanges.length);
  });
});

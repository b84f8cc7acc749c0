import { setTimeout as sleep } from 'node:timers/promises';
import {
  conversations,
  type ExpertsDatabase,
  expiredLeadsView,
  forgetExpired,
  leads,
  leadsAsCsv,
  logExchange,
  type Message,
  pageConversation,
  readLeads,
  retention,
} from '@ashlar/experts';
import { isAshlarError } from 'ashlar';
import { sql } from 'ashlar/query';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines, sqlOf } from '../../../test/support/engines.js';
import { all, someExchange, startExperts } from './support.js';

// what clients of models send as the messages of a conversation
const histories: Readonly<Record<string, readonly Message[]>> = {
  'content null beside tool calls': [
    {
      role: 'assistant',
      content: null,
      refusal: null,
      tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'find', arguments: '{"q":"bees"}' } }],
    },
    { role: 'tool', tool_call_id: 'call_1', content: '[]' },
  ],
  'content in parts': [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Who is this?' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA', detail: 'low' } },
      ],
    },
    {
      role: 'assistant',
      content: [{ type: 'tool_use', id: 't', name: 'f', input: { n: 1.5, deep: [[{}]] } }],
    },
  ],
  'no content at all': [{ role: 'assistant', function_call: { name: 'f', arguments: '' } }],
  'items without a role': [{ type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: null }],
  'extra keys': [
    { role: 'user', content: '', name: 'Thandi', cache_control: { type: 'ephemeral' }, __meta: [] },
  ],
  'a role of later': [{ role: 'developer', content: 'Be brief.' }],
};

describe.each(engines)('exchanges on $name', (engine) => {
  let db: ExpertsDatabase;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await startExperts(engine));
  });
  afterAll(() => remove());

  test.each(Object.entries(histories))('keep a history as it is given: %s', async (_, history) => {
    const logged = await db.session((s) => logExchange(s, someExchange({ history })));
    expect(logged.history).toEqual(history);
    const { exchanges } = await db.read((s) => pageConversation(s, { email: logged.email }));
    expect(exchanges[0]?.history).toEqual(history);
  });

  test('leave out what JSON leaves out, and refuse what JSON cannot express', async () => {
    const history = [
      { role: 'user', content: 'Hi', name: undefined, parts: [{ text: 'a', cache: undefined }] },
    ];
    const logged = await db.session((s) => logExchange(s, someExchange({ history })));
    expect(logged.history).toEqual([{ role: 'user', content: 'Hi', parts: [{ text: 'a' }] }]);
    for (const content of [Number.NaN, new Date(), 1n]) {
      const refused = db.session((s) =>
        logExchange(s, someExchange({ history: [{ role: 'user', content }] })),
      );
      await expect(refused).rejects.toMatchObject({
        code: expect.stringMatching(/^value-(invalid|unstorable)$/),
      });
    }
  });

  test('experts keep further keys', async () => {
    const expert = {
      name: 'A',
      title: null,
      company: null,
      hourly_rate: null,
      profile_url: null,
      score: 0.5,
    };
    const logged = await db.session((s) => logExchange(s, someExchange({ response_experts: [expert] })));
    expect(logged.response_experts).toEqual([expert]);
  });

  test('are not tried again for a unique key that is not the address, and else a few times only', async () => {
    const index = 'CREATE UNIQUE INDEX one_capture_a_moment ON leads (captured_at)';
    await db.engine.asOwner((owner) => owner.run(index));
    try {
      const captured_at = '2026-01-02T03:04:05.000Z';
      await db.engine.asOwner((owner) =>
        owner.run(`INSERT INTO leads (email, captured_at) VALUES ('first@example.org', '${captured_at}')`),
      );
      let tries = 0;
      const failed = await db
        .session(async (s) => {
          // a session in which each capture of a lead meets the other index
          const session = new Proxy(s, {
            get: (target, name) => {
              if (name === 'session') tries++;
              const value = Reflect.get(target, name, target);
              return typeof value === 'function' ? value.bind(target) : value;
            },
          });
          return logExchange(session, someExchange({ email: 'second@example.org', created_at: captured_at }));
        })
        .catch((error: unknown) => error);
      expect(isAshlarError(failed)).toBe(true);
      expect(tries).toBe(1);
    } finally {
      await db.engine.asOwner((owner) => owner.run('DROP INDEX one_capture_a_moment'));
    }
  });

  test('the CSV has the line ends of RFC 4180, and no formula after any separator', async () => {
    const addresses = [
      '=a@example.org',
      'a;=b@example.org',
      'a,+b@example.org',
      'a|-b@example.org',
      'plain@example.org',
    ];
    for (const email of addresses) await db.session((s) => logExchange(s, someExchange({ email })));
    const text = (await db.read((s) => all(leadsAsCsv(s)))).join('');
    expect(text.endsWith('\r\n')).toBe(true);
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    const lines = parse(text, { columns: true }) as { email: string }[];
    const emails = lines.map(({ email }) => email);
    for (const email of addresses)
      expect(emails.map((each: string) => each.replaceAll("'", ''))).toContain(email);
    for (const email of emails)
      for (const part of email.split(/[,;|\t]/)) expect(part).not.toMatch(/^[=+\-@]/);
  });

  test('are forgotten when they are kept no longer, each with the whole person', async () => {
    const old = new Date();
    old.setUTCMonth(old.getUTCMonth() - retention.months - 1);
    const early = old.toISOString();
    await db.engine.asOwner(async (owner) => {
      for (const email of ['old@example.org', 'silent@example.org', 'loyal@example.org'])
        await owner.run(`INSERT INTO leads (email, captured_at) VALUES ('${email}', '${early}')`);
      for (const [email, at] of [
        ['old@example.org', early],
        ['loyal@example.org', early],
      ])
        await owner.run(
          `INSERT INTO conversations (email, query, response_type, created_at) VALUES ('${email}', 'q', 'match', '${at}')`,
        );
    });
    await db.session((s) => logExchange(s, someExchange({ email: 'loyal@example.org' })));
    expect(await db.session((s) => forgetExpired(s))).toBe(2);
    expect(await db.session((s) => forgetExpired(s))).toBe(0);
    const left = (await db.read((s) => all(readLeads(s)))).map(({ email }) => email);
    expect(left).toContain('loyal@example.org');
    expect(left).not.toContain('old@example.org');
    const rows = await db.read((s) =>
      sql<{ email: string }>`SELECT email FROM leads WHERE email LIKE 'silent%'`.execute(s.query),
    );
    expect(rows.rows).toEqual([]);
  });

  test('are not forgotten when they write at that moment', async () => {
    const email = 'returning@example.org';
    await db.engine.asOwner((owner) =>
      owner.run(`INSERT INTO leads (email, captured_at) VALUES ('${email}', '2001-01-01T00:00:00.000Z')`),
    );
    let begin: () => void = () => undefined;
    // begun outside of the session that it meets
    const forgetting = new Promise<void>((resolve) => {
      begin = resolve;
    }).then(() => db.session((s) => forgetExpired(s)));
    await db.session(async (s) => {
      await logExchange(s, someExchange({ email }));
      begin();
      // long enough for it to meet the lock of this session
      await sleep(200);
    });
    expect(await forgetting).toBe(0);
    expect((await db.read((s) => pageConversation(s, { email }))).exchanges).toHaveLength(1);
  });

  test('the period is in the schema: another one is another view, which a step makes', async () => {
    const dialect = sqlOf(engine);
    expect(expiredLeadsView(retention.months).sql[dialect]).not.toBe(expiredLeadsView(12).sql[dialect]);
    expect(expiredLeadsView(12).sql[dialect]).toContain('12 months');
    expect([leads.name, conversations.name]).toEqual(['leads', 'conversations']);
  });
});

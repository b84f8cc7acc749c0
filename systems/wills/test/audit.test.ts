import {
  type AuditLog,
  auditLogs,
  type EventPage,
  type EventQuery,
  queryEvents,
  recordEvent,
} from '@ashlar/wills';
import { markTestDatabase } from 'ashlar/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { fresh, type OpenWills, openWills } from './support.js';

describe.each(engines)('audit_logs on $name', (engine) => {
  let open: OpenWills;
  beforeAll(async () => {
    open = await openWills(engine);
  });
  afterAll(() => open.remove());

  const query = (input: EventQuery) => open.db.read((s) => queryEvents(s, input));

  it('stores an event as recorded, with the session’s actor as its user', async () => {
    const event = {
      event_type: 'will.drafted',
      event_category: 'will',
      session_id: 'session 7',
      ip_address: '192.0.2.7',
      user_agent: 'Test/1.0',
      resource_type: 'will',
      resource_id: 'w-1',
      details: { pages: 3, names: ['Zoë', '李'], nested: { draft: true, none: null } },
    };
    const actor = fresh('user');
    const recorded = await open.db.session({ actor }, (s) => recordEvent(s, event));
    expect(recorded).toMatchObject({ ...event, user_id: actor });
    expect((await query({ user_id: actor })).events).toEqual([recorded]);
  });

  it('stores an event without a user and without details', async () => {
    const event_type = fresh('bare');
    await open.db.session({ actor: 'user:1' }, (s) =>
      recordEvent(s, { event_type, event_category: 'x', user_id: null }),
    );
    expect((await query({ event_type })).events).toMatchObject([
      { user_id: null, session_id: null, ip_address: null, resource_id: null, details: {} },
    ]);
  });

  it('rolls an event back with its session', async () => {
    const event_type = fresh('undone');
    const attempt = open.db.session(async (s) => {
      await recordEvent(s, { event_type, event_category: 'x' });
      throw new Error('no');
    });
    await expect(attempt).rejects.toThrow('no');
    expect((await query({ event_type })).events).toEqual([]);
  });

  it('returns no cursor with the last page', async () => {
    const event_type = fresh('few');
    await open.db.session(async (s) => {
      for (let i = 0; i < 4; i++) await recordEvent(s, { event_type, event_category: 'x' });
    });
    expect((await query({ event_type, limit: 4 })).next).toBeUndefined();
    const { events, next } = await query({ event_type, limit: 3 });
    expect(next).toEqual({ created_at: events[2]?.created_at, id: events[2]?.id });
  });

  it.each([
    [{ limit: 0 }, 'limit'],
    [{ limit: 1_001 }, 'limit'],
    [{ from: '2026-05-01' }, 'from'],
    [{ before: { created_at: '2026-05-01T00:00:00.000Z', id: 'x' } }, 'before.id'],
    [{ colour: 'red' }, 'colour'],
  ])('refuses %j', async (input, named) => {
    await expect(query(input as EventQuery)).rejects.toMatchObject({
      code: 'input-invalid',
      message: expect.stringContaining(named),
    });
  });
});

// the database sets an event's time: only the schema's owner may insert events of other times
describe.each(engines)('events of other times on $name', (engine) => {
  let open: OpenWills;
  beforeAll(async () => {
    open = await openWills(engine, { allowOwner: true });
    await markTestDatabase(open.db.engine);
  });
  afterAll(() => open.remove());

  const query = (input: EventQuery) => open.db.read((s) => queryEvents(s, input));

  it('are found by type, user, category and time', async () => {
    const [type, other, user] = [fresh('a'), fresh('b'), fresh('user')];
    const at = (day: string) => `2026-05-${day}T00:00:00.000Z`;
    const category = fresh('c').slice(0, 20);
    await open.db.session(async (s) => {
      await s.insert(auditLogs, {
        event_type: type,
        event_category: category,
        user_id: user,
        created_at: at('01'),
      });
      await s.insert(auditLogs, {
        event_type: type,
        event_category: 'y',
        user_id: user,
        created_at: at('02'),
      });
      await s.insert(auditLogs, {
        event_type: other,
        event_category: category,
        user_id: user,
        created_at: at('03'),
      });
    });
    const days = async (input: EventQuery) =>
      (await query(input)).events.map((event) => event.created_at.slice(8, 10));
    expect(await days({ user_id: user })).toEqual(['03', '02', '01']);
    expect(await days({ event_type: type })).toEqual(['02', '01']);
    expect(await days({ category })).toEqual(['03', '01']);
    expect(await days({ user_id: user, from: at('02') })).toEqual(['03', '02']);
    expect(await days({ user_id: user, from: at('01'), to: at('03') })).toEqual(['02', '01']);
    expect(await days({ user_id: user, event_type: other, category: 'y' })).toEqual([]);
  });

  it('are paged newest first, each once, even when times are equal and events are written between pages', async () => {
    const event_type = fresh('paged');
    const times = [1, 1, 1, 2, 3, 3, 3, 3, 4, 4].map((second) => `2026-05-01T00:00:0${second}.000Z`);
    const add = (created_at: string) =>
      open.db.session((s) => s.insert(auditLogs, { event_type, event_category: 'x', created_at }));
    const written: AuditLog[] = [];
    for (const time of times) written.push(await add(time));
    const seen: AuditLog[] = [];
    let page: EventPage = await query({ event_type, limit: 3 });
    for (;;) {
      seen.push(...page.events);
      if (!page.next) break;
      await add('2026-05-01T00:00:09.000Z');
      page = await query({ event_type, limit: 3, before: page.next });
    }
    const newestFirst = written.toSorted((a, b) =>
      `${a.created_at}${a.id}` < `${b.created_at}${b.id}` ? 1 : -1,
    );
    expect(seen).toEqual(newestFirst);
  });
});

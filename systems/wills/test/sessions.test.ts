import {
  clauseHistory,
  consentStatus,
  grantConsent,
  publishClause,
  queryEvents,
  recordEvent,
} from '@ashlar/wills';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asAdmin, engines } from '../../../test/support/engines.js';
import { fresh, type OpenWills, openWills, someClause, supersede } from './support.js';

const versions = { consent_version: '1.0', privacy_policy_version: '1.0' };

describe.each(engines)('a session of wills on $name', (engine) => {
  let open: OpenWills;
  beforeAll(async () => {
    open = await openWills(engine);
  });
  afterAll(() => open.remove());

  const everything = async (actor: string, code: string) => ({
    consent: await open.db.read((s) => consentStatus(s, actor, versions)),
    history: (await open.db.read((s) => clauseHistory(s, code))).length,
    events: (await open.db.read((s) => queryEvents(s, { user_id: actor }))).events.length,
  });

  it('commits the changes of several services together', async () => {
    const [actor, clause] = [fresh('user'), someClause()];
    await open.db.session({ actor }, async (s) => {
      await grantConsent(s, { subject_id: actor, categories: ['storage'], ...versions });
      await publishClause(s, clause);
      await supersede(s, clause.code);
    });
    expect(await everything(actor, clause.code)).toMatchObject({
      consent: { storage: { granted: true } },
      history: 2,
      events: 3,
    });
  });

  it('rolls all of them back when its callback throws', async () => {
    const [actor, clause] = [fresh('user'), someClause()];
    const attempt = open.db.session({ actor }, async (s) => {
      await grantConsent(s, { subject_id: actor, categories: ['storage'], ...versions });
      await publishClause(s, clause);
      throw new Error('the testator left');
    });
    await expect(attempt).rejects.toThrow('the testator left');
    expect(await everything(actor, clause.code)).toEqual({ consent: {}, history: 0, events: 0 });
  });
});

// only a server can terminate connections
describe.each(engines.filter(({ name }) => name === 'postgres'))('a pooled connection on $name', (engine) => {
  it('that the server terminated is replaced without an error', async () => {
    const open = await openWills(engine);
    try {
      const record = () => open.db.session((s) => recordEvent(s, { event_type: 'x', event_category: 'x' }));
      await Promise.all(Array.from({ length: 8 }, record));
      const name = new URL(open.place.url).pathname.slice(1);
      await asAdmin(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
      await Promise.all(Array.from({ length: 8 }, record));
      const { events } = await open.db.read((s) => queryEvents(s));
      expect(events.length).toBe(16);
    } finally {
      await open.remove();
    }
  });
});

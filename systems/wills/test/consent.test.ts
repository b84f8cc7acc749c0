import { consentStatus, grantConsent, queryEvents, withdrawConsent } from '@ashlar/wills';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { fresh, type OpenWills, openWills } from './support.js';

const versions = { consent_version: '1.0', privacy_policy_version: '2026-01' };

describe.each(engines)('consent on $name', (engine) => {
  let open: OpenWills;
  beforeAll(async () => {
    open = await openWills(engine);
  });
  afterAll(() => open.remove());

  const grant = (subject_id: string, categories: string[], accepted = versions) =>
    open.db.session((s) => grantConsent(s, { subject_id, categories, ...accepted }));
  const status = (subject_id: string, now = versions) =>
    open.db.read((s) => consentStatus(s, subject_id, now));
  const records = (subject_id: string) =>
    open.db.read((s) =>
      s.query
        .selectFrom('consent_records')
        .selectAll()
        .where('subject_id', '=', subject_id)
        .orderBy('id')
        .execute(),
    );

  it('stores categories, versions, address and agent as accepted', async () => {
    const subject_id = fresh('person');
    const record = await open.db.session((s) =>
      grantConsent(s, {
        subject_id,
        categories: ['storage', 'marketing', 'storage'],
        ...versions,
        ip_address: '2001:db8::1',
        user_agent: 'Test/1.0',
      }),
    );
    expect(record).toMatchObject({
      subject_id,
      consent_categories: ['storage', 'marketing'],
      ...versions,
      withdrawn_at: null,
      ip_address: '2001:db8::1',
      user_agent: 'Test/1.0',
    });
    expect(await records(subject_id)).toEqual([record]);
  });

  it('reports the state of each category', async () => {
    const subject_id = fresh('person');
    const { accepted_at } = await grant(subject_id, ['storage', 'marketing']);
    const granted = { granted: true, since: accepted_at, withdrawn_at: null, reconsentDue: false };
    expect(await status(subject_id)).toEqual({ storage: granted, marketing: granted });
    expect(await status(fresh('unknown'))).toEqual({});
  });

  it('withdraws one category and carries the others over with their original acceptance', async () => {
    const subject_id = fresh('person');
    const accepted = await grant(subject_id, ['storage', 'marketing', 'research']);
    const { withdrawn_at, categories, carried } = await open.db.session((s) =>
      withdrawConsent(s, { subject_id, categories: ['marketing', 'never granted'] }),
    );
    expect(categories).toEqual(['marketing']);
    expect(await records(subject_id)).toEqual([
      { ...accepted, withdrawn_at },
      {
        ...accepted,
        id: carried[0]?.id,
        consent_categories: ['storage', 'research'],
        created_at: carried[0]?.created_at,
      },
    ]);
    const granted = { granted: true, since: accepted.accepted_at, withdrawn_at: null, reconsentDue: false };
    expect(await status(subject_id)).toEqual({
      storage: granted,
      research: granted,
      marketing: { granted: false, since: null, withdrawn_at, reconsentDue: false },
    });
  });

  it('withdraws all categories by stamping, without a new row', async () => {
    const subject_id = fresh('person');
    const accepted = await grant(subject_id, ['storage', 'marketing']);
    const withdrawal = await open.db.session((s) => withdrawConsent(s, { subject_id }));
    expect(withdrawal.carried).toEqual([]);
    expect(await records(subject_id)).toEqual([{ ...accepted, withdrawn_at: withdrawal.withdrawn_at }]);
  });

  it('accepts a withdrawal of nothing, without an event', async () => {
    const subject_id = fresh('person');
    const nothing = { withdrawn_at: undefined, categories: [], stamped: [], carried: [] };
    expect(await open.db.session((s) => withdrawConsent(s, { subject_id }))).toEqual(nothing);
    await grant(subject_id, ['storage']);
    await open.db.session((s) => withdrawConsent(s, { subject_id }));
    expect(await open.db.session((s) => withdrawConsent(s, { subject_id }))).toEqual(nothing);
    const { events } = await open.db.read((s) => queryEvents(s, { user_id: subject_id }));
    expect(events.map((event) => event.event_type)).toEqual(['consent.withdrawn', 'consent.granted']);
  });

  it('counts a grant after a withdrawal from the new acceptance', async () => {
    const subject_id = fresh('person');
    await grant(subject_id, ['storage']);
    await open.db.session((s) => withdrawConsent(s, { subject_id }));
    const { accepted_at } = await grant(subject_id, ['storage']);
    expect((await status(subject_id)).storage).toMatchObject({ granted: true, since: accepted_at });
  });

  it.each([
    [{ consent_version: '1.0', privacy_policy_version: '2026-01' }, false],
    [{ consent_version: '1.10', privacy_policy_version: '2026-01' }, true],
    [{ consent_version: '1.0', privacy_policy_version: '2026-02' }, true],
    [{ consent_version: '0.9', privacy_policy_version: '2025-12' }, false],
  ])('finds re-consent due under %j: %s', async (now, due) => {
    const subject_id = fresh('person');
    await grant(subject_id, ['storage']);
    expect((await status(subject_id, now)).storage?.reconsentDue).toBe(due);
    await grant(subject_id, ['storage'], now);
    expect((await status(subject_id, now)).storage?.reconsentDue).toBe(false);
  });

  it('stamps once when withdrawn concurrently', async () => {
    const subject_id = fresh('person');
    await grant(subject_id, ['storage', 'marketing']);
    const withdraw = () => open.db.session((s) => withdrawConsent(s, { subject_id }));
    const results = await Promise.all([withdraw(), withdraw(), withdraw()]);
    expect(results.map((result) => result.stamped.length).sort()).toEqual([0, 0, 1]);
    expect((await records(subject_id)).length).toBe(1);
  });

  it('leaves nothing granted after concurrent partial and full withdrawals', async () => {
    for (let round = 0; round < 8; round++) {
      const subject_id = fresh('person');
      await grant(subject_id, ['storage', 'marketing', 'research']);
      const withdraw = (categories?: string[]) =>
        open.db.session((s) => withdrawConsent(s, { subject_id, categories }));
      const withdrawals = [
        withdraw(['marketing']),
        withdraw(['storage', 'research']),
        withdraw(),
        withdraw(['research']),
      ];
      const withdrawn = (await Promise.all(withdrawals)).flatMap(({ categories }) => categories);
      expect(withdrawn.sort()).toEqual(['marketing', 'research', 'storage']);
      const states = Object.values(await status(subject_id));
      expect(states.map((state) => state.granted)).toEqual([false, false, false]);
    }
  });

  it('cannot be edited, stamped twice, unstamped or deleted', async () => {
    const { consentRecords } = open.db.system.tables;
    const subject_id = fresh('person');
    const { id } = await grant(subject_id, ['storage']);
    await open.db.session((s) => withdrawConsent(s, { subject_id }));
    const later = '2999-01-01T00:00:00.000Z';
    const kept = await records(subject_id);
    const attempts = [
      () =>
        open.db.session((s) =>
          s.update(consentRecords, id, { consent_categories: ['storage', 'marketing'] }),
        ),
      () => open.db.session((s) => s.update(consentRecords, id, { consent_version: '9' })),
      () => open.db.session((s) => s.update(consentRecords, id, { withdrawn_at: later })),
      () => open.db.session((s) => s.update(consentRecords, id, { withdrawn_at: null })),
      () => open.db.session((s) => s.delete(consentRecords, id)),
    ];
    for (const attempt of attempts)
      await expect(attempt()).rejects.toMatchObject({ code: 'guarantee-violated' });
    expect(await records(subject_id)).toEqual(kept);
  });

  it('never sets withdrawn_at before accepted_at, even when clocks differ', async () => {
    const subject_id = fresh('person');
    const accepted_at = '2999-01-01T00:00:00.000Z';
    await open.db.session((s) =>
      s.insert(open.db.system.tables.consentRecords, {
        subject_id,
        consent_categories: ['storage'],
        ...versions,
        accepted_at,
      }),
    );
    const { withdrawn_at } = await open.db.session((s) => withdrawConsent(s, { subject_id }));
    expect(withdrawn_at).toBe(accepted_at);
  });

  it('refuses an empty list of categories', async () => {
    const subject_id = fresh('person');
    await expect(grant(subject_id, [])).rejects.toMatchObject({ code: 'value-invalid' });
    await expect(
      open.db.session((s) => withdrawConsent(s, { subject_id, categories: [] })),
    ).rejects.toMatchObject({ code: 'input-invalid', message: expect.stringContaining('categories') });
  });

  it('records each grant and withdrawal as an event, in the same transaction', async () => {
    const subject_id = fresh('person');
    const record = await grant(subject_id, ['storage']);
    await expect(
      open.db.session(async (s) => {
        await withdrawConsent(s, { subject_id });
        throw new Error('changed my mind');
      }),
    ).rejects.toThrow('changed my mind');
    const { events } = await open.db.read((s) =>
      queryEvents(s, { user_id: subject_id, category: 'consent' }),
    );
    expect(events).toMatchObject([
      {
        event_type: 'consent.granted',
        resource_type: 'consent_record',
        resource_id: record.id,
        details: { subject_id, categories: ['storage'], ...versions },
      },
    ]);
    expect((await status(subject_id)).storage?.granted).toBe(true);
  });

  it('records the session’s actor as the user of the event', async () => {
    const subject_id = fresh('person');
    const actor = fresh('clerk');
    await open.db.session({ actor }, (s) =>
      grantConsent(s, { subject_id, categories: ['storage'], ...versions }),
    );
    const { events } = await open.db.read((s) => queryEvents(s, { user_id: actor }));
    expect(events).toMatchObject([{ details: { subject_id } }]);
  });
});

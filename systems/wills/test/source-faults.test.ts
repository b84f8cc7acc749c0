import {
  auditLogs,
  clauseHistory,
  clauses,
  publishClause,
  queryEvents,
  recordEvent,
  wills,
} from '@ashlar/wills';
import { maintain, up } from 'ashlar/migrations';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { fresh, type OpenWills, openWills, someClause, supersede, superseded } from './support.js';

// one test for each fault in the design that this system replaces
describe.each(engines)('wills on $name', (engine) => {
  let open: OpenWills;
  beforeAll(async () => {
    open = await openWills(engine, { maintain: false });
  });
  afterAll(() => open.remove());

  it('a second version of a clause can be published', async () => {
    const { code } = await open.db.session((s) => publishClause(s, someClause()));
    await open.db.session((s) => supersede(s, code));
    const versions = await open.db.read((s) => clauseHistory(s, code));
    expect(versions.map((clause) => [clause.version, clause.is_current])).toEqual([
      [1, false],
      [2, true],
    ]);
  });

  it('inserts succeed in every month, also without a partition for it', async () => {
    const start = Date.parse('2026-02-06T00:00:00.000Z');
    let now = start;
    const monthsLater = (months: number) => {
      const moved = new Date(start);
      moved.setUTCMonth(moved.getUTCMonth() + months);
      return moved.getTime();
    };
    // only the owner may set an event's time
    const owned = await openWills(engine, { clock: () => new Date(now), maintain: false, allowOwner: true });
    const event_type = fresh('monthly');
    const months = Array.from({ length: 21 }, (_, month) => month);
    // without maintenance: first the partitions created ahead are used, then there is none
    for (const month of months) {
      now = monthsLater(month);
      await owned.db.session((s) =>
        recordEvent(s, { event_type, event_category: 'time', details: { month } }),
      );
    }
    const past = '2025-03-01T00:00:00.000Z';
    await owned.db.session((s) =>
      s.insert(auditLogs, { event_type, event_category: 'time', created_at: past }),
    );
    const before = await owned.db.read((s) => queryEvents(s, { event_type }));
    expect(before.events.map((event) => event.created_at)).toEqual([
      ...months.map((month) => new Date(monthsLater(month)).toISOString()).reverse(),
      past,
    ]);

    await up(owned.db.engine, wills);
    await maintain(owned.db.engine, Object.values(wills.tables), new Date(now));
    expect(await owned.db.read((s) => queryEvents(s, { event_type }))).toEqual(before);
    const again = await maintain(owned.db.engine, Object.values(wills.tables), new Date(now));
    expect(again.done).toEqual([]);
    await owned.remove();
  });

  it('UPDATE and DELETE on audit_logs are refused without any manual REVOKE', async () => {
    const event_type = fresh('kept');
    const kept = await open.db.session((s) => recordEvent(s, { event_type, event_category: 'x' }));
    const change = open.db.session((s) =>
      s.query.updateTable('audit_logs').set({ event_category: 'y' }).where('id', '=', kept.id).execute(),
    );
    await expect(change).rejects.toMatchObject({ code: 'guarantee-violated' });
    const removal = open.db.session((s) =>
      s.query.deleteFrom('audit_logs').where('id', '=', kept.id).execute(),
    );
    await expect(removal).rejects.toMatchObject({ code: 'guarantee-violated' });
    expect((await open.db.read((s) => queryEvents(s, { event_type }))).events).toEqual([kept]);
  });

  it('a clause cannot have two current versions', async () => {
    const first = await open.db.session((s) => publishClause(s, someClause()));
    const second = await open.db.session((s) => supersede(s, first.code));
    const { id: _, ...copy } = second;
    const attempts = [
      // the old version made current again, a second chain, a gap, a fork of the chain
      () => open.db.session((s) => s.update(clauses, first.id, { is_current: true })),
      () => open.db.session((s) => s.insert(clauses, { ...copy, version: 1, previous_version_id: null })),
      () =>
        open.db.session((s) => s.insert(clauses, { ...copy, version: 4, previous_version_id: second.id })),
      () => open.db.session((s) => s.insert(clauses, { ...copy, version: 3, previous_version_id: first.id })),
      () => open.db.session((s) => s.insert(clauses, { ...copy, version: 3, previous_version_id: null })),
    ];
    for (const attempt of attempts) {
      await expect(attempt()).rejects.toMatchObject({
        code: expect.stringMatching(/guarantee-violated|unique-violation/),
      });
    }
    const versions = await open.db.read((s) => clauseHistory(s, first.code));
    expect(versions).toEqual([superseded(first, second), second]);
  });
});

import { publishClause, recordEvent, wills } from '@ashlar/wills';
import { openEngine } from 'ashlar/extend';
import { countAttacks, failuresOf, prove } from 'ashlar/prove';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenWills, openWills, someClause, supersede } from '../../../../systems/wills/test/support.js';
import { oneOfEach } from '../../../../test/support/engines.js';
import { contents, forEachBlock, initialise, systems } from './support.js';

const { engines } = oneOfEach(import.meta.url);

describe.each(engines)('proving on $name', (engine) => {
  describe.each(systems)('of $name', ({ system }) => {
    const database = forEachBlock(engine, system);

    it('every attack is refused or detected, and prove changes nothing', async () => {
      const before = await contents(database());
      const report = await database().prove();
      expect(failuresOf(report)).toEqual([]);
      expect(report.ok).toBe(true);
      expect(countAttacks(report)).toBeGreaterThanOrEqual(60);
      for (const { attacks, guarantee } of report.tables) {
        expect(attacks.length, guarantee).toBeGreaterThan(0);
        const names = attacks.map(({ name }) => name);
        expect(new Set(names).size, guarantee).toBe(names.length);
      }
      expect(report.structure.every(({ ok, unknown }) => ok && unknown === undefined)).toBe(true);
      expect(await contents(database())).toEqual(before);
    });
  });

  it('the fingerprint of a schema is stable', async () => {
    const fingerprints = [];
    for (const index of [false, false, true]) {
      const database = await initialise(engine, wills);
      try {
        if (index) await database.run('CREATE INDEX undeclared_idx ON audit_logs (created_at)');
        fingerprints.push((await database.prove()).fingerprint);
      } finally {
        await database.close();
      }
    }
    const [first, second, third] = fingerprints;
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  describe('of a table with rows', () => {
    let open: OpenWills;
    beforeAll(async () => {
      open = await openWills(engine);
      await open.db.session({ actor: 'user:1' }, async (s) => {
        const { code } = await publishClause(s, someClause());
        await supersede(s, code);
        await recordEvent(s, { event_type: 'a', event_category: 'x' });
      });
    });
    afterAll(() => open.remove());

    it('attacks those rows while other sessions write', async () => {
      const stored = () =>
        open.db.read(async (s) => [
          await s.query.selectFrom('clauses').selectAll().orderBy('id').execute(),
          await s.query.selectFrom('audit_logs').selectAll().orderBy('id').execute(),
        ]);
      const before = await stored();
      const [report] = await Promise.all([
        prove(open.db.engine, wills),
        ...[1, 2, 3].map(() =>
          open.db.session((s) => recordEvent(s, { event_type: 'b', event_category: 'x' })),
        ),
      ]);
      expect(failuresOf(report)).toEqual([]);
      const [clauses, events] = await stored();
      expect(clauses).toEqual(before[0]);
      expect(events).toHaveLength((before[1]?.length ?? 0) + 3);
    });
  });

  it('fails on a database that is not initialised', async () => {
    const place = await engine.place();
    const opened = await openEngine({ url: place.url, key: place.key });
    try {
      const report = await prove(opened, wills);
      expect(report.ok).toBe(false);
      expect(failuresOf(report)).toContain('migrations: the step 0001_initial was not applied');
      expect(failuresOf(report).join('\n')).toMatch(/could not be attacked/);
    } finally {
      await opened.close();
      await place.remove();
    }
  });
});

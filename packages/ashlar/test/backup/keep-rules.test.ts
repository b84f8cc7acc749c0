import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DatedBackup, type KeepRules, keptBy } from '../../src/backup/keep-rules.js';

const none: KeepRules = { last: 0, daily: 0, weekly: 0, monthly: 0 };
const at = (createdAt: string, verified = false): DatedBackup => ({
  name: createdAt,
  createdAt,
  verifiedAt: verified ? createdAt : undefined,
});
const kept = (backups: readonly DatedBackup[], rules: Partial<KeepRules>): string[] =>
  [...keptBy(backups, { ...none, ...rules })].filter(([, why]) => why.length > 0).map(([name]) => name);

describe('the backups that are kept', () => {
  const days = [
    '2026-02-28T23:59:59.999Z',
    '2026-03-01T00:00:00.000Z',
    '2026-03-01T12:00:00.000Z',
    '2026-03-02T12:00:00.000Z',
  ];
  const backups = days.map((day) => at(day));

  test('are the newest ones', () => {
    expect(kept(backups, { last: 2 })).toEqual([days[3], days[2]]);
  });

  test('are the newest of each day, week from Monday, and month', () => {
    expect(kept(backups, { daily: 2 })).toEqual([days[3], days[2]]);
    // 2026-03-01 is a Sunday
    expect(kept(backups, { weekly: 5 })).toEqual([days[3], days[2]]);
    expect(kept(backups, { monthly: 5 })).toEqual([days[3], days[0]]);
  });

  test('have a reason', () => {
    const verdicts = keptBy([at('2026-03-01T00:00:00.000Z', true)], {
      last: 1,
      daily: 1,
      weekly: 1,
      monthly: 1,
    });
    expect([...verdicts.values()]).toEqual([
      ['last', 'daily 2026-03-01', 'weekly 2026-02-23', 'monthly 2026-03', 'newest verified'],
    ]);
  });

  const backup = fc
    .record({
      time: fc.integer({ min: Date.UTC(2024, 0), max: Date.UTC(2026, 0) }),
      verified: fc.boolean(),
      number: fc.integer({ min: 0, max: 1e9 }),
    })
    .map(({ time, verified, number }) => ({
      ...at(new Date(time).toISOString(), verified),
      name: `shop-${number}`,
    }));
  const all = fc.uniqueArray(backup, { selector: ({ name }) => name, maxLength: 60 });
  const few = fc.integer({ min: 0, max: 8 });
  const rules = fc.record({ last: few, daily: few, weekly: few, monthly: few });

  test('always include the newest verified one, and as many as the rules say', () => {
    fc.assert(
      fc.property(all, rules, (backups, given) => {
        const names = new Set(kept(backups, given));
        const newest = [...backups]
          .filter(({ verifiedAt }) => verifiedAt !== undefined)
          .sort((a, b) =>
            a.createdAt === b.createdAt ? (a.name < b.name ? 1 : -1) : a.createdAt < b.createdAt ? 1 : -1,
          )[0];
        if (newest) expect(names.has(newest.name)).toBe(true);
        expect(names.size).toBeGreaterThanOrEqual(Math.min(backups.length, given.last));
        const most = given.last + given.daily + given.weekly + given.monthly + 1;
        expect(names.size).toBeLessThanOrEqual(most);
      }),
    );
  });

  test('stay when the rules are applied again after the others are removed', () => {
    fc.assert(
      fc.property(all, rules, (backups, given) => {
        const names = kept(backups, given);
        const left = backups.filter(({ name }) => names.includes(name)).reverse();
        expect(kept(left, given).sort()).toEqual([...names].sort());
      }),
    );
  });
});

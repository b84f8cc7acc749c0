import { readFile } from 'node:fs/promises';
import {
  dailyCounts,
  type Exchange,
  leadsAsCsv,
  leadsAsJson,
  logExchange,
  pageOpenGaps,
  sampleExchanges,
} from '@ashlar/experts';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { all, type OpenExperts, someExchange, startExperts } from './support.js';

describe.each(engines)('the sample log on $name', (engine) => {
  let sample: Exchange[];
  let place: OpenExperts;
  beforeAll(async () => {
    sample = await sampleExchanges();
    // only the owner may set created_at
    place = await startExperts(engine, { allowOwner: true });
    await place.db.session(async (s) => {
      for (const exchange of sample) await logExchange(s, exchange);
    });
  });
  afterAll(() => place.remove());

  test('yields the counts of each day in UTC by type of response', async () => {
    const expected = new Map<string, { day: string; match: number; clarification: number }>();
    for (const { created_at = '', response_type } of sample) {
      const day = created_at.slice(0, 10);
      const count = expected.get(day) ?? { day, match: 0, clarification: 0 };
      count[response_type]++;
      expected.set(day, count);
    }
    const { db } = place;
    expect(await db.read((s) => dailyCounts(s))).toEqual([...expected.values()]);
    const days = [...expected.values()].filter(({ day }) => day >= '2026-02-10' && day < '2026-02-20');
    expect(await db.read((s) => dailyCounts(s, { from: '2026-02-10', to: '2026-02-20' }))).toEqual(days);
    await expect(db.read((s) => dailyCounts(s, { from: '2026-02-30' }))).rejects.toMatchObject({
      code: 'input-invalid',
    });
  });

  test('yields each lead with its first and last contact, as JSON and as CSV', async () => {
    const emails = [...new Set(sample.map(({ email }) => email.toLowerCase()))].sort();
    const expected = emails.map((email) => {
      const own = sample.filter((exchange) => exchange.email.toLowerCase() === email);
      return {
        email,
        first_contact: own[0]?.created_at,
        last_contact: own.at(-1)?.created_at,
        exchanges: own.length,
      };
    });
    const [json, csv] = await place.db.read(async (s) => [
      await all(leadsAsJson(s)),
      await all(leadsAsCsv(s)),
    ]);
    expect(JSON.parse(json.join(''))).toEqual(expected);
    expect(parse(csv.join(''), { columns: true })).toEqual(
      expected.map((lead) => ({
        ...lead,
        email: lead.email.replace(/^[=+-]/, "'$&"),
        exchanges: String(lead.exchanges),
      })),
    );
  });

  test('contains open gaps', async () => {
    const { exchanges } = await place.db.read((s) => pageOpenGaps(s));
    const gaps = sample.filter(({ response_type }) => response_type === 'clarification');
    expect(exchanges.map(({ query }) => query)).toEqual(gaps.map(({ query }) => query).reverse());
  });

  test('ends a day at midnight in UTC', async () => {
    const times = ['2027-01-01T23:59:59.999Z', '2027-01-02T00:00:00.000Z'];
    await place.db.session(async (s) => {
      for (const created_at of times) await logExchange(s, someExchange({ created_at }));
    });
    expect(await place.db.read((s) => dailyCounts(s, { from: '2027-01-01' }))).toEqual([
      { day: '2027-01-01', match: 1, clarification: 0 },
      { day: '2027-01-02', match: 1, clarification: 0 },
    ]);
  });
});

test('git ignores the files that a running service writes', async () => {
  const ignored = await readFile(new URL('../../../.gitignore', import.meta.url), 'utf8');
  expect(ignored.split('\n')).toEqual(
    expect.arrayContaining(['data/', '*.db', '*.db-wal', '*.db-shm', '.env']),
  );
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { openExperts, readLeads } from '@ashlar/experts';
import { history } from 'ashlar/migrations';
import { describe, expect, test } from 'vitest';
import { engines, type Place } from '../../../test/support/engines.js';
import { all } from './support.js';

const writer = fileURLToPath(new URL('./writer.mjs', import.meta.url));

const start = (place: Place, ...args: string[]) => {
  const child = spawn(process.execPath, [writer, ...args], {
    env: { ...process.env, DATABASE_URL: place.url },
  });
  const errors = text(child.stderr);
  const ended = once(child, 'exit').then(async ([code]) => ({ code, errors: await errors }));
  return { ready: once(child.stdout, 'data'), go: () => child.stdin.end('go\n'), ended };
};

const success = { code: 0, errors: '' };

/** The questions that the processes log, in order. */
const expected = (processes: number, each: number): string[] =>
  Array.from({ length: processes }, (_, p) =>
    Array.from({ length: each }, (_, i) => `question ${i} of w${p}`),
  ).flat();

const logged = async (place: Place): Promise<string[]> => {
  const db = await openExperts({ url: place.url });
  try {
    const rows = await db.read((s) =>
      s.query.selectFrom('conversations').select('query').orderBy('id').execute(),
    );
    const leads = await db.read((s) => all(readLeads(s)));
    expect(leads.reduce((sum, lead) => sum + lead.exchanges, 0)).toBe(rows.length);
    // grouped by process, each group in the order of logging
    const process = (query: string) => Number(/\d+$/.exec(query)?.[0]);
    return rows.map(({ query }) => query).sort((a, b) => process(a) - process(b));
  } finally {
    await db.close();
  }
};

// several processes can open only these: PGlite allows one, and SQLCipher locks as SQLite does
const shared = engines.filter(({ name }) => name === 'sqlite' || name === 'postgres');

describe.each(shared)('processes at once on $name', (engine) => {
  test('8 start without tables: each finds the tables, created once', async () => {
    const place = await engine.place();
    try {
      const children = Array.from({ length: 8 }, (_, p) => start(place, `w${p}`, '3'));
      for (const child of children) expect(await child.ended).toEqual(success);
      expect(await logged(place)).toEqual(expected(8, 3));
      const db = await openExperts({ url: place.url });
      expect((await history(db.engine, db.system)).map(({ step }) => step)).toEqual([
        '0001_initial',
        '0002_scores_gaps_and_sources',
        '0003_generated_columns',
        '0004_search_paths',
        '0005_retention',
      ]);
      await db.close();
    } finally {
      await place.remove();
    }
  });
});

describe.each(shared.filter(({ name }) => name === 'sqlite'))('one file of $name', (engine) => {
  test('32 processes log at once and lose nothing', { timeout: 180_000 }, async () => {
    const place = await engine.place();
    try {
      await (await openExperts({ url: place.url })).close();
      const children = Array.from({ length: 32 }, (_, p) => start(place, `w${p}`, '25', 'wait'));
      for (const { ready } of children) await ready;
      const started = performance.now();
      for (const { go } of children) go();
      for (const { ended } of children) expect(await ended).toEqual(success);
      const seconds = (performance.now() - started) / 1_000;
      expect(await logged(place)).toEqual(expected(32, 25));
      process.stdout.write(`32 processes logged 800 exchanges in ${seconds.toFixed(1)} s\n`);
    } finally {
      await place.remove();
    }
  });
});

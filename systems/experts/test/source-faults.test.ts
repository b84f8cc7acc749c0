import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type ExpertsSession, experts, logExchange, openExperts, pageConversation } from '@ashlar/experts';
import { up } from 'ashlar/migrations';
import { sql } from 'ashlar/query';
import { describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { openFirstVersion, someExchange, startExperts } from './support.js';

const writer = fileURLToPath(new URL('./writer.mjs', import.meta.url));

// one test for each fault in the design that this system replaces
describe.each(engines)('experts on $name', (engine) => {
  it('a migration adds the new columns to a table with rows', async () => {
    const { db, remove } = await openFirstVersion(engine);
    try {
      const old = { email: 'thandi@example.org', query: 'first', response_type: 'match' as const };
      const experts_shown = [
        { name: 'N. Naidoo', title: null, company: null, hourly_rate: '$200', profile_url: null },
      ];
      await db.session(async (s) => {
        await s.query.insertInto('leads').values({ email: old.email }).execute();
        await s.query.insertInto('conversations').values(old).execute();
        const shown = JSON.stringify(experts_shown);
        await s.query
          .insertInto('conversations')
          .values({ ...old, query: 'second', response_experts: sql`${shown}` })
          .execute();
      });
      const originalColumns = (s: ExpertsSession) =>
        s.query
          .selectFrom('conversations')
          .select(['id', 'email', 'query', 'history', 'response_experts', 'created_at'])
          .orderBy('id')
          .execute();
      const before = await db.read(originalColumns);
      expect(before).toMatchObject([
        { query: 'first' },
        { query: 'second', response_experts: experts_shown },
      ]);

      expect(await up(db.engine, experts)).toMatchObject([
        { step: '0002_scores_gaps_and_sources' },
        { step: '0003_generated_columns' },
        { step: '0004_search_paths' },
        { step: '0005_retention' },
      ]);
      expect(await db.read(originalColumns)).toEqual(before);
      const { exchanges } = await db.read((s) => pageConversation(s, { email: old.email }));
      for (const exchange of exchanges) {
        expect(exchange).toMatchObject({ top_match_score: null, gap_resolved: false, source: null });
      }
      const next = await db.session((s) =>
        logExchange(s, someExchange({ top_match_score: 0.25, source: 'widget' })),
      );
      expect(next).toMatchObject({ id: 3, top_match_score: 0.25, gap_resolved: false, source: 'widget' });
    } finally {
      await remove();
    }
  });

  it('JSON columns hold JSON: the database queries it and refuses invalid text', async () => {
    const { db, remove } = await startExperts(engine);
    try {
      const history = [
        { role: 'user', content: 'Hello, “world” \\ 🙂' },
        { role: 'assistant', content: '' },
      ];
      const shown = { name: 'N. Naidoo', title: 'CFO', company: null, hourly_rate: null, profile_url: null };
      const logged = await db.session((s) =>
        logExchange(s, someExchange({ history, response_experts: [shown] })),
      );
      expect(logged).toMatchObject({ history, response_experts: [shown] });
      // the database can query inside the JSON, with the same expression on every engine
      const name = sql<string>`response_experts -> 0 ->> 'name'`;
      const queried = await db.read((s) =>
        s.query.selectFrom('conversations').select(name.as('name')).execute(),
      );
      expect(queried).toEqual([{ name: 'N. Naidoo' }]);
      // and refuses invalid JSON, even from the owner
      const broken = db.engine.asOwner((owner) =>
        owner.run(
          `INSERT INTO conversations (email, query, response_type, history) VALUES ('${logged.email}', 'x', 'match', '[{')`,
        ),
      );
      await expect(broken).rejects.toThrow();
    } finally {
      await remove();
    }
  });
});

// engines that outlive the process and need no key in the child process
const persistent = engines.filter(({ name }) => name === 'sqlite' || name === 'postgres');

describe.each(persistent)('experts on $name', (engine) => {
  it('data survives each redeployment', async () => {
    const place = await engine.place();
    try {
      for (const release of ['first', 'second', 'third']) {
        // the container's file system is deleted with it: only the database of DATABASE_URL survives
        const container = await mkdtemp(join(tmpdir(), 'ashlar-release-'));
        await promisify(execFile)(process.execPath, [writer, release, '2'], {
          cwd: container,
          env: { ...process.env, DATABASE_URL: place.url },
        });
        await rm(container, { recursive: true });
      }
      const db = await openExperts({ url: place.url });
      const rows = await db.read((s) =>
        s.query.selectFrom('conversations').select('query').orderBy('id').execute(),
      );
      await db.close();
      expect(rows.map(({ query }) => query)).toEqual(
        ['first', 'second', 'third'].flatMap((release) => [
          `question 0 of ${release}`,
          `question 1 of ${release}`,
        ]),
      );
    } finally {
      await place.remove();
    }
  });
});

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type ExpertsSession, experts, logExchange, openExperts, pageConversation } from '@ashlar/experts';
import { up } from 'ashlar';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { openFirstVersion, someExchange, startExperts } from './support.js';

const writer = fileURLToPath(new URL('./writer.mjs', import.meta.url));

// what the system's first design left broken, one test each
describe.each(engines)('mended on $name', (engine) => {
  it('no migrations, create_all was enough: the next columns needed a rebuild by hand', async () => {
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
      const kept = (s: ExpertsSession) =>
        s.query
          .selectFrom('conversations')
          .select(['id', 'email', 'query', 'history', 'response_experts', 'created_at'])
          .orderBy('id')
          .execute();
      const before = await db.read(kept);
      expect(before).toMatchObject([
        { query: 'first' },
        { query: 'second', response_experts: experts_shown },
      ]);

      expect(await up(db.engine, experts)).toMatchObject([{ step: '0002_scores_gaps_and_sources' }]);
      expect(await db.read(kept)).toEqual(before);
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

  it('JSON was kept as opaque text', async () => {
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
      // the database knows what it holds: it can be asked into the JSON, in the same words on every engine
      const name = sql<string>`response_experts -> 0 ->> 'name'`;
      const asked = await db.read((s) =>
        s.query.selectFrom('conversations').select(name.as('name')).execute(),
      );
      expect(asked).toEqual([{ name: 'N. Naidoo' }]);
      // and takes nothing else, from the owner either
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

// those that keep what they hold when the process ends, without a key to hand on
const kept = engines.filter(({ name }) => name === 'sqlite' || name === 'postgres');

describe.each(kept)('mended on $name', (engine) => {
  it('data died with each redeploy', async () => {
    const place = await engine.place();
    try {
      for (const release of ['first', 'second', 'third']) {
        // a container's own file system, gone with it: only what DATABASE_URL names is still there
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

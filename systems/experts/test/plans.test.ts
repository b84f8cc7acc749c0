import { setTimeout as sleep } from 'node:timers/promises';
import type { ExpertsSession } from '@ashlar/experts';
import { conversations, leads } from '@ashlar/experts';
import type { Insert } from 'ashlar';
import { type CompiledQuery, sql } from 'ashlar/query';
import { describe, expect, test } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { dailyCountsQuery } from '../src/daily-counts.js';
import { leadsQuery, readLeads } from '../src/leads.js';
import { pageQuery } from '../src/pages.js';
import { openGap } from '../src/tables.js';
import { all, someExchange, startExperts } from './support.js';

// the statement that shows a plan without running the query
const explain = {
  sqlite: 'explain query plan',
  sqlcipher: 'explain query plan',
  pglite: 'explain',
  postgres: 'explain',
};

/** How each engine's plan names an index-only scan. */
const indexOnly = {
  sqlite: 'USING COVERING INDEX',
  sqlcipher: 'USING COVERING INDEX',
  pglite: 'Index Only Scan',
  postgres: 'Index Only Scan',
};

const people = 20_000;
const rows = 100_000;

// one engine of each dialect: the other two use the same planners
describe.each(engines.filter(({ name }) => name === 'sqlite' || name === 'postgres'))(
  'on $name, in a log of 100,000 exchanges',
  (engine) => {
    test('leads and daily counts are one index-only query each', async () => {
      const { db, remove } = await startExperts(engine);
      const address = (n: number) => `person-${String((n * 7_919) % people).padStart(5, '0')}@example.org`;
      const planOf = async (s: ExpertsSession, query: CompiledQuery) => {
        const explained = { ...query, sql: `${explain[engine.name]} ${query.sql}` };
        return JSON.stringify((await s.query.executeQuery(explained)).rows);
      };
      try {
        await db.session(async (s) => {
          await s.insertMany(
            leads,
            Array.from({ length: people }, (_, n) => ({ email: address(n) })),
          );
          // as long as real questions: the index pays off only when rows are much longer than its keys
          const query = 'Who knows how to keep vaccines cold on the way? '.repeat(6);
          await s.insertMany(
            conversations,
            (function* () {
              for (let n = 0; n < rows; n++)
                yield someExchange({ email: address(n), query }) as Insert<typeof conversations>;
            })(),
          );
        });
        await db.engine.asOwner(async (owner) => {
          if (engine.name !== 'postgres') return owner.run('analyze');
          // a transaction that is still open keeps VACUUM from marking pages as visible to all
          for (let attempt = 0; attempt < 50; attempt++) {
            await owner.run('vacuum analyze');
            const [marked] = await owner.run(
              `SELECT bool_and(relallvisible >= relpages) AS whole FROM pg_class WHERE relname IN ('leads', 'conversations')`,
            );
            if (marked?.whole) break;
            await sleep(100);
          }
          return [];
        });
        await db.read(async (s) => {
          const leadsPlan = await planOf(s, leadsQuery(s).compile());
          expect(leadsPlan).toContain(indexOnly[engine.name]);
          expect(leadsPlan).toContain('conversations_email_created_at_id_idx');
          expect(leadsPlan).not.toMatch(/TEMP B-TREE|"Sort/);
          expect(await planOf(s, dailyCountsQuery(s, { from: '2026-01-01' }).compile())).toMatch(
            new RegExp(`${indexOnly[engine.name]}.*conversations_created_at_response_type_idx`),
          );
          const of = sql<boolean>`email = ${address(1)}`;
          const before = { created_at: '2030-01-01T00:00:00.000Z', id: 1 };
          const page = await planOf(s, pageQuery(s, of, { before, limit: 20 }).compile());
          expect(page).toContain('conversations_email_created_at_id_idx');
          expect(page).not.toMatch(/TEMP B-TREE|"Sort/);
          const gaps = sql<boolean>`${sql.raw(openGap)}`;
          expect(await planOf(s, pageQuery(s, gaps, { limit: 20 }).compile())).toContain(
            'conversations_open_gaps_idx',
          );
        });
        const found = await db.read((s) => all(readLeads(s)));
        expect(found).toHaveLength(people);
        expect(found.every(({ exchanges }) => exchanges === rows / people)).toBe(true);
      } finally {
        await remove();
      }
    });
  },
);

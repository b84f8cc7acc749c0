import type { ShippingDatabase, ShippingSession } from '@ashlar/shipping';
import type { CompiledQuery } from 'kysely';
import { describe, expect, test } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { openRowsQuery, unfinishedChunks } from '../src/lease.js';
import { recordIntents } from '../src/record.js';
import { makeJob, openShipping } from './support.js';

// each engine's word for "tell how, do not do it"
const explain = {
  sqlite: 'explain query plan',
  sqlcipher: 'explain query plan',
  pglite: 'explain',
  postgres: 'explain',
};

const planOf = async (
  s: ShippingSession,
  name: keyof typeof explain,
  query: CompiledQuery,
): Promise<string> => {
  const asked = { ...query, sql: `${explain[name]} ${query.sql}` };
  return JSON.stringify((await s.query.executeQuery(asked)).rows);
};

/** What a service would send first, instead of being sent. */
const statementOf = async (db: ShippingDatabase, service: (s: ShippingSession) => Promise<unknown>) => {
  const sent: CompiledQuery[] = [];
  const caught = new Error('caught');
  const log = db.kysely.withPlugin({
    transformQuery: ({ node, queryId }) => {
      sent.push(db.kysely.getExecutor().compileQuery(node, queryId));
      throw caught;
    },
    transformResult: async ({ result }) => result,
  });
  await expect(service({ query: log } as unknown as ShippingSession)).rejects.toBe(caught);
  const [query] = sent;
  if (!query) throw new Error('nothing was sent');
  return query;
};

describe.each(engines)('on $name, in a job that is nearly done', (engine) => {
  test('a claim reads the open chunks only, and rows are found by their number', async () => {
    const { db, remove } = await openShipping(engine);
    try {
      const jobId = await makeJob(db, 4_000, { chunkRows: 2 });
      await db.session((s) =>
        s.query.updateTable('job_chunks').set({ state: 'done' }).where('chunk', '<', 1_990).execute(),
      );
      const lease = { job_id: jobId, chunk: 1_995, lo: 3_989, hi: 3_990, epoch: 1 };
      const row = (row_number: number) => ({ row_number }) as Parameters<typeof recordIntents>[2][number];
      const intents = await statementOf(db, (s) => recordIntents(s, lease, [row(3_989), row(3_990)]));
      const check = () =>
        db.session(async (s) => {
          const claim = unfinishedChunks(s, jobId).limit(1).compile();
          expect(await planOf(s, engine.name, claim)).toContain('job_chunks_open_idx');
          const byNumber = /job_rows_job_id_row_number_key|sqlite_autoindex_job_rows_2/;
          expect(await planOf(s, engine.name, intents)).toMatch(byNumber);
          expect(await planOf(s, engine.name, openRowsQuery(s, lease).compile())).toMatch(byNumber);
        });
      // rows that were just imported have no statistics yet
      await check();
      await db.engine.asOwner((owner) => owner.run('analyze'));
      await check();
    } finally {
      await remove();
    }
  });
});

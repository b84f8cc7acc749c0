import type { CompiledQuery } from 'kysely';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engines } from '../../../../test/support/engines.js';
import { openRowsQuery, unfinishedChunks } from '../../src/jobs/lease.js';
import { type JobSession, modelOf } from '../../src/jobs/model.js';
import { recordIntents } from '../../src/jobs/record.js';
import { type EmailDatabase, emails, importLetters, openEmails } from './emails.js';

const of = (s: unknown) => s as JobSession;
const model = modelOf(emails.tables, { data: z.unknown(), result: {}, sums: [] });

// the statement that shows a query plan
const explain = {
  sqlite: 'explain query plan',
  sqlcipher: 'explain query plan',
  pglite: 'explain',
  postgres: 'explain',
};

const planOf = async (s: JobSession, name: keyof typeof explain, query: CompiledQuery): Promise<string> => {
  const asked = { ...query, sql: `${explain[name]} ${query.sql}` };
  return JSON.stringify((await s.query.executeQuery(asked)).rows);
};

/** The first statement of a service, which is not sent. */
const statementOf = async (db: EmailDatabase, service: (s: JobSession) => Promise<unknown>) => {
  const sent: CompiledQuery[] = [];
  const caught = new Error('caught');
  const log = db.kysely.withPlugin({
    transformQuery: ({ node, queryId }) => {
      sent.push(db.kysely.getExecutor().compileQuery(node, queryId));
      throw caught;
    },
    transformResult: async ({ result }) => result,
  });
  await expect(service({ query: log } as unknown as JobSession)).rejects.toBe(caught);
  const [query] = sent;
  if (!query) throw new Error('nothing was sent');
  return query;
};

describe.each(engines)('on $name, in a job that is nearly done', (engine) => {
  test('a claim reads only the open chunks, and rows are found by their number', async () => {
    const { db, remove } = await openEmails(engine);
    try {
      const jobId = await importLetters(db, 4_000, 2);
      await db.session((s) =>
        s.query.updateTable('email_job_chunks').set({ state: 'done' }).where('chunk', '<', 1_990).execute(),
      );
      const lease = { job_id: jobId, chunk: 1_995, lo: 3_989, hi: 3_990, epoch: 1 };
      const intents = await statementOf(db, (s) =>
        recordIntents(model, s, lease, [{ row_number: 3_989 }, { row_number: 3_990 }]),
      );
      const check = () =>
        db.session(async (s) => {
          const claim = unfinishedChunks(model, of(s), jobId).limit(1).compile();
          expect(await planOf(of(s), engine.name, claim)).toContain('email_job_chunks_open_idx');
          const byNumber = /email_job_rows_job_id_row_number_key|sqlite_autoindex_email_job_rows_2/;
          expect(await planOf(of(s), engine.name, intents)).toMatch(byNumber);
          expect(await planOf(of(s), engine.name, openRowsQuery(model, of(s), lease).compile())).toMatch(
            byNumber,
          );
        });
      // there are no statistics on rows that were just imported
      await check();
      await db.engine.asOwner((owner) => owner.run('analyze'));
      await check();
    } finally {
      await remove();
    }
  });
});

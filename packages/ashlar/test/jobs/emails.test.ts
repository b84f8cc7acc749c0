import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '../../../../test/support/engines.js';
import { type EmailDatabase, emails, importLetters, letters, openEmails, smtp } from './emails.js';

describe.each(engines)('a job of e-mails on $name', (engine) => {
  let db: EmailDatabase;
  let remove: () => Promise<void>;
  beforeAll(async () => {
    ({ db, remove } = await openEmails(engine));
  });
  afterAll(() => remove());

  const rowsOf = (jobId: string) => db.read((s) => emails.rows(s, { jobId }));

  test('runs to its end, and its sum is that of its rows', async () => {
    const jobId = await importLetters(db, 50);
    const seen: unknown[] = [];
    const done = await emails.run(db, jobId, smtp(), {
      onProgress: ({ totals }) => seen.push(totals.total_bytes),
    });
    expect(done).toMatchObject({ status: 'completed', successful_rows: 50 });
    const rows = await rowsOf(jobId);
    const bytes = letters(50).reduce((sum, { data }) => sum + data.subject.length, 0);
    expect(done.total_bytes).toBe(bytes);
    expect(seen.at(-1)).toBe(bytes);
    expect(rows[0]).toMatchObject({ greylisted: null, row_data: { to: 'user1@example.org' } });
  });

  test.each([
    ['has ended', -1],
    ['was made while the clock was ahead by years', 3 * 365 * 86_400],
  ])('a chunk is claimed from a worker on another host when its lease %s', async (_, seconds) => {
    const jobId = await importLetters(db, 10);
    await db.session((s) =>
      s.query
        .updateTable(emails.tables.chunks.name)
        .set({
          state: 'leased',
          epoch: 1,
          owner: 'another.example:1-1-1:x',
          lease_until: new Date(Date.now() + seconds * 1_000).toISOString(),
        })
        .where('job_id', '=', jobId)
        .execute(),
    );
    const done = await emails.run(db, jobId, smtp(), { signal: AbortSignal.timeout(20_000) });
    expect(done).toMatchObject({ status: 'completed', successful_rows: 10 });
  });

  test('a row that does not pass the schema is a failed row; what was read is kept', async () => {
    const source = async function* () {
      yield letters(1);
      yield { data: { to: 'no address', subject: 'x' }, line: 7 };
      yield undefined;
      yield [{ data: 'NUL \0 and \ud800', rejected: 'it is not an e-mail' }, ...letters(1)];
      yield { data: { to: 'a@example.org', subject: 'NUL \0' } };
    };
    const { job, ...report } = await emails.import(db, source(), {
      name: 'mixed',
      description: 'of all kinds',
    });
    expect(job).toMatchObject({
      status: 'pending',
      total_rows: 5,
      failed_rows: 3,
      description: 'of all kinds',
    });
    expect(report).toMatchObject({ lines: 6, imported: 5, filtered: 1, rejected_rows: 3 });
    expect(report.rejected).toMatchObject([
      { line: 7, reason: expect.stringMatching(/^to: /) },
      { line: 4, reason: 'it is not an e-mail' },
      { line: 6, reason: expect.stringContaining('NUL') },
    ]);
    const rows = await rowsOf(job.id);
    expect(rows.map(({ status, row_data }) => [status, row_data])).toEqual([
      ['pending', { to: 'user1@example.org', subject: 'Letter 1' }],
      ['failed', { rejected: { to: 'no address', subject: 'x' } }],
      ['failed', { rejected: 'NUL ␀ and \ufffd' }],
      ['pending', { to: 'user1@example.org', subject: 'Letter 1' }],
      ['failed', { to: 'a@example.org', subject: 'NUL ␀' }],
    ]);
    const executor = smtp();
    expect(await emails.run(db, job.id, executor)).toMatchObject({ status: 'failed', successful_rows: 2 });
    expect([...executor.sent.values()]).toEqual([1, 4]);
    await expect(db.session((s) => emails.retry(s, { jobId: job.id }))).rejects.toMatchObject({
      code: 'state-conflict',
    });
  });

  test('an import without rows is refused, and keeps nothing', async () => {
    const before = await db.read((s) => emails.list(s));
    for (const source of [[], [undefined, undefined]]) {
      const importing = emails.import(db, source, { name: 'none' });
      await expect(importing).rejects.toMatchObject({ code: 'input-invalid' });
    }
    expect(await db.read((s) => emails.list(s))).toEqual(before);
  });

  test('a result that lacks a required column leaves its row in doubt', async () => {
    const jobId = await importLetters(db, 1);
    const answers = smtp({ run: async () => JSON.parse('{"message_id": "<1@example.org>"}') });
    expect(await emails.run(db, jobId, answers)).toMatchObject({ status: 'failed', total_bytes: null });
    expect(await rowsOf(jobId)).toMatchObject([
      { error_code: 'in_doubt', error_message: expect.stringContaining('bytes is missing') },
    ]);
  });

  describe('a row that keeps stopping its worker', () => {
    // as a worker that died leaves it after its last attempt
    const interrupted = async (attempts: number): Promise<string> => {
      const jobId = await importLetters(db, 2);
      await db.session((s) =>
        s.query
          .updateTable('email_job_rows')
          .set({ status: 'processing', attempts })
          .where('job_id', '=', jobId)
          .where('row_number', '=', 2)
          .execute(),
      );
      return jobId;
    };

    test('is attempted again below the limit', async () => {
      const jobId = await interrupted(2);
      expect(await emails.run(db, jobId, smtp())).toMatchObject({ status: 'completed' });
    });

    test('is in doubt at the limit; a person can still retry it by its number', async () => {
      const jobId = await interrupted(3);
      const executor = smtp();
      expect(await emails.run(db, jobId, executor)).toMatchObject({ status: 'failed', failed_rows: 1 });
      expect([...executor.sent.values()]).toEqual([1]);
      expect(await db.read((s) => emails.status(s, jobId))).toMatchObject({ account: { in_doubt: 1 } });
      await db.session((s) => emails.retry(s, { jobId, rows: [2] }));
      expect(await emails.run(db, jobId, executor)).toMatchObject({ status: 'completed' });
    });

    test('fails at the limit when the provider knows that it had no effect, and completes when it had', async () => {
      const unknown = await interrupted(3);
      await emails.run(db, unknown, smtp({ reconcile: async () => 'not-effected' }));
      expect(await rowsOf(unknown)).toMatchObject([
        { status: 'completed' },
        { error_code: 'attempts_exhausted' },
      ]);
      const known = await interrupted(3);
      const found = smtp({ reconcile: async () => ({ message_id: '<found@example.org>', bytes: 1 }) });
      expect(await emails.run(db, known, found)).toMatchObject({ status: 'completed' });
      expect(await rowsOf(known)).toMatchObject([{}, { message_id: '<found@example.org>' }]);
    });
  });
});

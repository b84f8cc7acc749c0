import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { idempotencyKey } from 'ashlar/jobs';
import { describe, expect, test } from 'vitest';
import { oneOfEach, type Place, type TestEngine } from '../../../../test/support/engines.js';
import { emails, importLetters, openEmails, reopenEmails, smtp } from './emails.js';

const { engines } = oneOfEach(import.meta.url);

const worker = fileURLToPath(new URL('./emails-worker.mjs', import.meta.url));

// a database that another process can open; that of an embedded Postgres is in a folder, and used by one at a time
const lasting = async (engine: TestEngine): Promise<Place> => {
  if (engine.name !== 'pglite') return engine.place();
  const folder = await mkdtemp(join(tmpdir(), 'ashlar-pglite-'));
  return {
    url: `pglite:${join(folder, 'db')}`,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
};

/** Runs a job in a process of its own, and kills it at a call. @returns the keys of all calls */
const runAndKill = async ({ url, key }: Place, jobId: string, fatal: number): Promise<Set<string>> => {
  const child = spawn(process.execPath, [worker, url, jobId, ...(key === undefined ? [] : [key])], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const keys = new Set<string>();
  let calls = 0;
  for await (const line of createInterface(child.stdout)) {
    const [, called = ''] = line.split(' ');
    if (called.length === 64) keys.add(called);
    if (++calls === fatal) child.kill('SIGKILL');
  }
  await ended;
  expect(child.signalCode).toBe('SIGKILL');
  return keys;
};

describe.each(engines)('a job of e-mails on $name', (engine) => {
  test('continues after kill -9, and after a retry each row is completed once', {
    timeout: 180_000,
  }, async () => {
    const place = await lasting(engine);
    try {
      const made = await openEmails({ ...engine, place: async () => place });
      const jobId = await importLetters(made.db, 60);
      await made.db.close();
      const called = await runAndKill(place, jobId, 30);

      const db = await reopenEmails(place);
      try {
        const killed = await db.read((s) => emails.status(s, jobId));
        expect(killed).toMatchObject({ balanced: true, job: { status: 'running' } });
        expect(killed.account.by_status.processing).toBeGreaterThan(0);

        const { run } = smtp();
        const bouncing = smtp({
          run: async (row, attempt) => {
            if (row.row_number === 59) throw Object.assign(new Error('mailbox full'), { code: 'bounced' });
            return run(row, attempt);
          },
        });
        const failed = await emails.run(db, jobId, bouncing);
        expect(failed).toMatchObject({ status: 'failed', successful_rows: 59, failed_rows: 1 });
        const { retried } = await db.session((s) => emails.retry(s, { jobId, errorCode: 'bounced' }));
        expect(retried).toBe(1);

        const done = await emails.run(db, jobId, smtp());
        expect(done).toMatchObject({ status: 'completed', successful_rows: 60, failed_rows: 0 });
        const rows = await db.read((s) => emails.rows(s, { jobId }));
        expect(rows).toHaveLength(60);
        expect(rows.some(({ attempts }) => attempts > 1)).toBe(true);
        expect(done.total_bytes).toBe(rows.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0));
        expect(await db.read((s) => emails.status(s, jobId))).toMatchObject({ balanced: true });
        const keys = new Set(rows.map(({ row_number }) => idempotencyKey(jobId, row_number)));
        expect([...called].every((key) => keys.has(key))).toBe(true);
      } finally {
        await db.close();
      }
    } finally {
      await place.remove();
    }
  });
});

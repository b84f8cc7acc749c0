import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { importJob, shipments, simulatedExecutor, simulatedRate } from '@ashlar/shipping';
import { idempotencyKey } from 'ashlar/jobs';
import { describe, expect, test } from 'vitest';
import { engines } from '../../../test/support/engines.js';
import { openShipping, superstore } from './support.js';

const worker = fileURLToPath(new URL('./crash-worker.mjs', import.meta.url));

// the long run: `ASHLAR_KILLS=20 npx vitest run systems/shipping/test/crash.test.ts`
const kills = Number(process.env.ASHLAR_KILLS ?? 5);

// engines that two processes can open at once; SQLCipher does not differ from SQLite here
const shared = engines.filter(({ name }) => name === 'sqlite' || name === 'postgres');

describe.each(shared)('a job whose process is killed with -9 on $name', (engine) => {
  test(`is resumed ${kills} times, each row recorded once`, {
    timeout: 60_000 + kills * 10_000,
  }, async () => {
    const place = await openShipping(engine);
    const { db, options } = place;
    try {
      const { job } = await importJob(db, superstore, {
        mode: 'auto',
        name: 'California',
        command: 'Ship all California orders',
        where: { State: 'California' },
      });
      const keys = new Map<string, number>();
      for (let kill = 0; kill < kills; kill++) {
        const child = spawn(process.execPath, [worker, options.url, job.id], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        const ended = once(child, 'exit');
        let calls = 0;
        const fatal = 1 + Math.floor((Math.random() * 1_600) / kills);
        for await (const line of createInterface(child.stdout)) {
          const [row = '', key = ''] = line.split(' ');
          if (key.length === 64) keys.set(key, Number(row));
          if (++calls === fatal) child.kill('SIGKILL');
        }
        await ended;
        expect(child.signalCode).toBe('SIGKILL');
        const { job: now, balanced } = await db.read((s) => shipments.status(s, job.id));
        expect(now.status).toBe('running');
        expect(balanced).toBe(true);
      }
      const done = await shipments.run(db, job.id, simulatedExecutor());
      // that it ended within the time of the test shows that it waited for no lease: those of the dead workers last an hour
      expect(done).toMatchObject({
        status: 'completed',
        total_rows: 2_001,
        successful_rows: 2_001,
        failed_rows: 0,
      });
      const { account, balanced } = await db.read((s) => shipments.status(s, job.id));
      expect(balanced).toBe(true);
      expect(account.by_status).toEqual({
        pending: 0,
        processing: 0,
        completed: 2_001,
        failed: 0,
        skipped: 0,
      });
      const rows = await db.read((s) => shipments.rows(s, { jobId: job.id, limit: 3_000 }));
      for (const row of rows) {
        expect(row.cost_cents).toBe(simulatedRate(row.row_data));
        expect(row.idempotency_key).toBe(idempotencyKey(job.id, row.row_number));
        expect(row.attempts).toBeGreaterThan(0);
      }
      expect(new Set(rows.map((row) => row.tracking_number)).size).toBe(2_001);
      // every call before a kill used the one key of its row
      for (const [key, row] of keys) expect(key).toBe(idempotencyKey(job.id, row));
      expect(rows.some((row) => row.attempts > 1)).toBe(true);
    } finally {
      await place.remove();
    }
  });
});

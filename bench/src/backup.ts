import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBackup, newBackupKey } from 'ashlar/backup';
import { type Engine, openEngine } from 'ashlar/extend';
import { median } from './measure.js';

const rowBytes = 2_000;

const filled = async (url: string, key: string | undefined, mebibytes: number): Promise<Engine> => {
  const engine = await openEngine({ url, key });
  await engine.asOwner(async ({ run }) => {
    await run('CREATE TABLE rows (id INTEGER PRIMARY KEY, body BLOB)');
    const rows = Math.round((mebibytes * 1_048_576) / rowBytes);
    await run(
      `INSERT INTO rows (body) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows}) SELECT randomblob(${rowBytes}) FROM n`,
    );
    await run('PRAGMA wal_checkpoint(TRUNCATE)');
  });
  return engine;
};

// synced to the disk, as a backup is
const plainCopy = async (from: string, to: string): Promise<void> => {
  const copy = spawn('sh', ['-c', 'cp "$0" "$1" && sync "$1"', from, to], { stdio: 'inherit' });
  const [status] = (await once(copy, 'close')) as [number];
  if (status !== 0) throw new Error('cp failed');
};

/** Runs `work` and reblocks the longest time for which it blocked the event loop, in milliseconds. */
const longestBlock = async (work: () => Promise<unknown>): Promise<number> => {
  let [longest, last] = [0, performance.now()];
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last - 1);
    last = now;
  }, 1);
  await work();
  clearInterval(timer);
  return longest;
};

/** Compares an encrypted backup with `cp` of the same file. Both are synced to the disk. */
export async function backupFigures(
  scale: number,
  rounds: number,
  print: (line: string) => void,
): Promise<void> {
  const mebibytes = 50 * scale;
  for (const scheme of ['sqlite', 'sqlcipher'] as const) {
    const folder = await mkdtemp(join(tmpdir(), 'ashlar-bench-'));
    const path = join(folder, 'bench.db');
    const key = scheme === 'sqlcipher' ? randomBytes(32).toString('hex') : undefined;
    const engine = await filled(`${scheme}:${path}`, key, mebibytes);
    const { size } = await stat(path);
    const keys = { key: (await newBackupKey()).key };
    const ratios: number[] = [];
    const rates: number[] = [];
    const blocks: number[] = [];
    const timed = async (work: () => Promise<unknown>): Promise<number> => {
      const start = performance.now();
      await work();
      return performance.now() - start;
    };
    for (let round = 0; round <= rounds; round++) {
      const into = join(folder, `round-${round}`);
      const backup = async () =>
        blocks.push(await longestBlock(() => createBackup(engine, [], { folder: into, keys })));
      const copy = () => plainCopy(path, join(folder, 'copy.db'));
      const works = round % 2 ? [backup, copy] : [copy, backup];
      const times = new Map<unknown, number>();
      for (const work of works) times.set(work, await timed(work));
      await rm(into, { recursive: true });
      await rm(join(folder, 'copy.db'));
      if (round === 0) continue;
      ratios.push((times.get(copy) ?? 0) / (times.get(backup) ?? 1));
      rates.push(size / 1_048_576 / ((times.get(backup) ?? 1) / 1_000));
    }
    print(
      `${scheme === 'sqlite' ? 'SQLite' : 'SQLCipher'} · encrypted backup ÷ cp of ${Math.round(size / 1_048_576)} MiB   ${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})   ${Math.round(median(rates))} MiB/s   event loop blocked for ${median(blocks).toFixed(0)} ms at most`,
    );
    await engine.close();
    await rm(folder, { recursive: true });
  }
}

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { docuvault } from '@ashlar/docuvault';
import { experts } from '@ashlar/experts';
import { shipping } from '@ashlar/shipping';
import { sophia } from '@ashlar/sophia';
import { wills } from '@ashlar/wills';
import { connect, type Database, type System } from 'ashlar';
import { maintain, up } from 'ashlar/migrations';
import { findingsOf, proveData } from 'ashlar/prove';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runDocuvault } from '../demo/src/docuvault.js';
import { runExperts } from '../demo/src/experts.js';
import { shipCalifornia } from '../demo/src/shipping.js';
import { runSophia } from '../demo/src/sophia.js';
import { runWills } from '../demo/src/wills.js';
import { oneOfEach } from './support/engines.js';

const { engines } = oneOfEach(import.meta.url);

/** The systems, with what `npm start` writes into them. */
const samples: readonly (readonly [System, (db: never) => Promise<void>])[] = [
  [wills as unknown as System, runWills],
  [shipping as unknown as System, shipCalifornia],
  [experts as unknown as System, runExperts],
  [sophia as unknown as System, runSophia],
  [docuvault as unknown as System, runDocuvault],
];
const columnKeys = { current: `1:${'7a'.repeat(32)}` };

describe.each(engines)('the rows of the samples on $name', (engine) => {
  const before = process.cwd();
  let folder: string;
  beforeAll(async () => {
    // the samples write files into ./data
    folder = await mkdtemp(join(tmpdir(), 'ashlar-samples-'));
    await mkdir(join(folder, 'data'));
    process.chdir(folder);
    vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  });
  afterAll(async () => {
    vi.restoreAllMocks();
    process.chdir(before);
    await rm(folder, { recursive: true, force: true });
  });

  it.each(samples.map(([system, run]) => ({ name: system.name, system, run })))(
    'of $name are sound',
    async ({ system, run }) => {
      const place = await engine.place();
      const db: Database = await connect(system, {
        url: place.url,
        key: place.key,
        columnKeys,
        migrations: 'ignore',
        // exchanges of the sample have times of their own, which only the owner gives
        allowOwner: system.name === 'experts',
      });
      try {
        await up(db.engine, system);
        await maintain(db.engine, Object.values(system.tables), new Date());
        await run(db as never);
        const report = await proveData(db.engine, system);
        expect(findingsOf(report)).toEqual([]);
        expect(report).toMatchObject({ ok: true, complete: true });
        expect(report.rows).toBeGreaterThan(0);
      } finally {
        await db.close();
        await place.remove();
      }
    },
    120_000,
  );
});

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'ashlar';
import { createBackup, newBackupKey } from 'ashlar/backup';
import { type Engine, openEngine } from 'ashlar/extend';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { engines, type Place } from '../../../../test/support/engines.js';
import { foundationState } from '../../src/migrations/foundation.js';
import { forIncoming, incomingRow } from '../../src/migrations/incoming.js';
import { down, plan, stamp, status, up } from '../../src/migrations/index.js';
import { upWith } from '../../src/migrations/up.js';
import { prove, proveIncoming } from '../../src/prove/prove.js';
import { type Depot, makeDepot } from '../move/depot.js';
import type { Folder } from './folder.js';

let depot: Depot;
let folder: Folder;
beforeAll(async () => {
  ({ system: depot, folder } = await makeDepot());
});
afterAll(() => folder.remove());

describe.each(engines)('the target of an unfinished move on $name', ({ name, place: newPlace }) => {
  let place: Place;
  let engine: Engine;
  beforeEach(async () => {
    place = await newPlace();
    engine = await openEngine({ url: place.url, key: place.key });
    await up(engine, depot);
    await engine.asOwner((owner) =>
      owner.script(
        `INSERT INTO ashlar_migrations VALUES ('ashlar', '9999_incoming', 'oldest:9999', '2026-11-27T00:00:00.000Z', 'move', 0)`,
      ),
    );
  });
  afterEach(async () => {
    await engine.close();
    await place.remove();
  });

  test('is refused by everything that would use it, and by nothing of the move', async () => {
    const refused: Readonly<Record<string, () => Promise<unknown>>> = {
      up: () => up(engine, depot),
      down: () => down(engine, depot),
      plan: () => plan(engine, depot),
      stamp: () => stamp(engine, depot, 'head'),
      prove: () => prove(engine, depot),
    };
    for (const [what, run] of Object.entries(refused))
      await expect(run(), what).rejects.toMatchObject({ code: 'database-incoming' });
    expect(await upWith(forIncoming(engine.dialect), engine, depot)).toEqual([]);
    expect((await proveIncoming(engine, depot)).ok).toBe(true);
    expect((await status(engine, depot)).problems).toEqual([
      'a move into this database has not ended: run the same `ashlar move` again',
    ]);
  });

  // another connection cannot open a database in memory
  test('is refused by connect, whatever it does with steps, and by a backup', async () => {
    if (name === 'pglite') return;
    for (const migrations of ['warn', 'require', 'ignore'] as const)
      await expect(connect(depot, { url: place.url, key: place.key, migrations })).rejects.toMatchObject({
        code: 'database-incoming',
      });
    const { key } = await newBackupKey();
    await expect(
      createBackup(engine, [depot], {
        folder: await mkdtemp(join(tmpdir(), 'ashlar-backups-')),
        keys: { key },
      }),
    ).rejects.toMatchObject({ code: 'database-incoming' });
  });
});

test('a release that does not know the mark reads a version that it does not know', () => {
  const before = (step: string) => Number.parseInt(step, 10);
  expect(before(incomingRow.step)).toBeGreaterThan(1_000);
  expect(incomingRow.checksum).toBe('oldest:9999');
  expect(foundationState([incomingRow])).toEqual({ version: 1, oldest: 1, incoming: true });
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, Database } from 'ashlar';
import { type Engine, openEngine } from 'ashlar/extend';
import { ledgersOf, newLedgerKey, openLedger, verifyLedger } from 'ashlar/ledger';
import Sqlite from 'better-sqlite3-multiple-ciphers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { engines, type Place, sqlOf } from '../../../../test/support/engines.js';
import { up } from '../../src/migrations/index.js';
import { type MoveOptions, type MoveProgress, move } from '../../src/move/index.js';
import type { Folder } from '../migrations/folder.js';
import {
  type Archive,
  type ArchiveDatabase,
  columnKeys,
  contentsOfArchive,
  fillArchive,
  makeArchive,
  tenants,
} from './archive.js';

const sources = engines.filter((engine) => sqlOf(engine) === 'sqlite');
const targets = engines.filter((engine) => sqlOf(engine) === 'postgres');
const pairs = sources.flatMap((from) =>
  targets.map((to) => ({ from, to, name: `${from.name} → ${to.name}` })),
);
const { key } = newLedgerKey('example.com/archive');

let archive: Archive;
let steps: Folder;
beforeAll(async () => {
  ({ system: archive, folder: steps } = await makeArchive());
});
afterAll(() => steps.remove());

describe.each(pairs)('ledgers moved $name', ({ from, to }) => {
  let places: [Place, Place];
  let db: ArchiveDatabase;
  let target: Engine;
  let checkpoints: string;
  beforeEach(async () => {
    places = [await from.place(), await to.place()];
    checkpoints = await mkdtemp(join(tmpdir(), 'ashlar-move-'));
    const [{ url, key: fileKey }] = places;
    db = await connect(archive, { url, key: fileKey, columnKeys, migrations: 'ignore' });
    await up(db.engine, archive);
    await fillArchive(db);
    target = await openEngine({ url: places[1].url });
  });
  afterEach(async () => {
    await db.close();
    await target.close();
    await rm(checkpoints, { recursive: true });
    for (const place of places) await place.remove();
  });

  const moving = (options: MoveOptions = {}) =>
    move(db.engine, target, [archive], { prove: false, columnKeys, ...options });
  const ledgerAt = (engine: Engine, table: Archive['tables'][keyof Archive['tables']]) =>
    openLedger(engine, archive, table as never, { checkpoints, key });
  test('are whole, wherever the move was stopped', async () => {
    const stopped = class extends Error {};
    const seen = new Set<string>();
    const source = await contentsOfArchive(db);
    let isEnded = false;
    while (!isEnded) {
      try {
        await moving({
          transactionRows: 5,
          onProgress: (progress: MoveProgress) => {
            if (!seen.has(JSON.stringify(progress))) {
              seen.add(JSON.stringify(progress));
              throw new stopped();
            }
          },
        });
        isEnded = true;
      } catch (error) {
        if (!(error instanceof stopped)) throw error;
      }
    }
    expect(seen.size).toBeGreaterThan(100);
    expect(await contentsOfArchive(new Database(target, archive, { columnKeys }))).toEqual(source);
    for (const table of ledgersOf(archive))
      expect(await verifyLedger(ledgerAt(target, table as never), { full: true })).toMatchObject({
        problems: [],
      });
  });

  test('that were tampered with, or have rows that are not sealed, are refused before anything is written', async () => {
    const raw = (sql: string): void => {
      const file = new Sqlite(places[0].url.slice(places[0].url.indexOf(':') + 1));
      try {
        if (places[0].key !== undefined) {
          file.pragma("cipher = 'sqlcipher'");
          file.pragma('legacy = 4');
          file.pragma(`key = "x'${places[0].key}'"`);
        }
        file.exec(sql);
      } finally {
        file.close();
      }
    };
    const [name] = (await db.engine.asOwner((owner) =>
      owner.run("SELECT sql FROM sqlite_schema WHERE name = 'letters_append_only_update'"),
    )) as { sql: string }[];
    raw(
      `DROP TRIGGER letters_append_only_update; UPDATE letters SET text = 'forged' WHERE rowid = 2; ${name?.sql};`,
    );
    await expect(moving()).rejects.toMatchObject({ code: 'ledger-tampered' });
    raw(
      `DROP TRIGGER letters_append_only_update; UPDATE letters SET text = '${"it''s\ta\\tab\n"}' WHERE rowid = 2; ${name?.sql};`,
    );
    raw(
      `INSERT INTO letters (id, sent_at, text, weight, facts) VALUES ('${tenants[0]}', '2026-01-01T00:00:00.000Z', 'raw', 1, '{}')`,
    );
    await expect(moving()).rejects.toMatchObject({
      code: 'move-refused',
      detail: expect.stringMatching(/^letters has 1 rows that its ledger has not sealed/),
    });
    await verifyLedger(ledgerAt(db.engine, archive.tables.letters));
    expect((await moving()).resumed).toBe(false);
  });
});

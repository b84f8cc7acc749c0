import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, Database } from 'ashlar';
import { openEngine } from 'ashlar/extend';
import {
  checkpointLedger,
  ledgersOf,
  newLedgerKey,
  openLedger,
  proveConsistency,
  proveInclusion,
  verifyConsistencyProof,
  verifyInclusionProof,
  verifyLedger,
} from 'ashlar/ledger';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '../../../../test/support/engines.js';
import { drift, purge, up } from '../../src/migrations/index.js';
import { type MoveProgress, move } from '../../src/move/index.js';
import { failuresOf } from '../../src/prove/index.js';
import type { Folder } from '../migrations/folder.js';
import { type Archive, columnKeys, contentsOfArchive, fillArchive, makeArchive } from './archive.js';
import { contents, type Depot, fillDepot, makeDepot, tenant } from './depot.js';

// from each engine to each other one, and from a server to another database of it
const pairs = engines.flatMap((from) =>
  engines
    .filter((to) => to !== from || to.name === 'postgres')
    .map((to) => ({ from, to, name: `${from.name} → ${to.name}` })),
);
const { key, publicKey } = newLedgerKey('example.com/archive');

let depot: Depot;
let archive: Archive;
let folders: Folder[];
beforeAll(async () => {
  const [one, other] = [await makeDepot(), await makeArchive()];
  depot = one.system;
  archive = other.system;
  folders = [one.folder, other.folder];
});
afterAll(async () => {
  for (const folder of folders) await folder.remove();
});

describe.each(pairs)('moved $name', ({ from, to }) => {
  test('rows of every kind are the same, and new ones follow', async () => {
    const places = [await from.place(), await to.place()] as const;
    const source = await connect(depot, { ...places[0], migrations: 'ignore' });
    const target = await openEngine(places[1]);
    try {
      await up(source.engine, depot);
      await fillDepot(source);
      await source.session({ actor: 'jan', scope: null }, (s) => s.delete(depot.tables.orders, 40));
      const before = await contents(source);
      const stopped = class extends Error {};
      const seen = new Set<MoveProgress['phase']>();
      // stopped once in each phase
      const moving = (): ReturnType<typeof move> =>
        move(source.engine, target, [depot], {
          transactionRows: 10,
          onProgress: ({ phase }) => {
            if (seen.has(phase)) return;
            seen.add(phase);
            throw new stopped();
          },
        }).catch((error: unknown) => {
          if (error instanceof stopped) return moving();
          throw error;
        });
      const report = await moving();
      expect([...seen]).toEqual(['schema', 'load', 'compare', 'objects', 'prove']);
      expect(report).toMatchObject({ resumed: true, complete: false, others: [] });
      expect(report.reports.flatMap(failuresOf)).toEqual([]);
      expect(await drift(target, depot)).toEqual([]);
      const moved = new Database(target, depot, {});
      expect(await contents(moved)).toEqual(before);
      const site_id = before.sites[0]?.id ?? '';
      const made = await moved.session({ actor: 'jan', scope: tenant }, async (s) => [
        await s.insert(depot.tables.orders, { site_id, note: null }),
        await s.insert(depot.tables.notes, { tenant, body: 'new' }),
      ]);
      expect(made.map(({ id }) => id)).toEqual([41, 41]);
    } finally {
      await source.close();
      await target.close();
      for (const place of places) await place.remove();
    }
  });

  test('ledgers continue', async () => {
    const places = [await from.place(), await to.place()] as const;
    const checkpoints = await mkdtemp(join(tmpdir(), 'ashlar-move-'));
    const source = await connect(archive, { ...places[0], columnKeys, migrations: 'ignore' });
    const target = await openEngine(places[1]);
    const logs = ledgersOf(archive) as Archive['tables']['letters'][];
    try {
      await up(source.engine, archive);
      await fillArchive(source);
      await source.engine.seal();
      const before = new Map<string, { row: string; note: string; proof: string }>();
      for (const table of logs) {
        const ledger = openLedger(source.engine, archive, table, { checkpoints, key });
        const { note } = await checkpointLedger(ledger);
        const [last] = await source.engine.asOwner(({ run }) =>
          run(`SELECT row_key FROM ${table.name}_ledger_tree WHERE level = 0 ORDER BY position DESC LIMIT 1`),
        );
        const row = String(last?.row_key);
        before.set(table.name, { row, note, proof: (await proveInclusion(ledger, row)).proof });
      }
      await purge(source.engine, archive);
      const rows = await contentsOfArchive(source);
      const report = await move(source.engine, target, [archive], { columnKeys });
      expect(report.reports.flatMap(failuresOf)).toEqual([]);
      expect(report.ledgers.map(({ ledger, size }) => [ledger, size])).toEqual([
        ['archive/mail', 12],
        ['archive/monthly', 12],
        ['archive/keyed', 12],
        ['archive/changes', 15],
      ]);
      expect(await drift(target, archive)).toEqual([]);
      const moved = new Database(target, archive, { columnKeys });
      expect(await contentsOfArchive(moved)).toEqual(rows);

      await fillArchive(moved, 2, 100);
      await target.seal();
      for (const table of logs) {
        const old = before.get(table.name) ?? { row: '', note: '', proof: '' };
        const ledger = openLedger(target, archive, table, { checkpoints, key });
        const found = await verifyLedger(ledger, { full: true });
        expect(found).toMatchObject({ problems: [] });
        const was = verifyInclusionProof(old.proof, [publicKey]);
        expect(found.size).toBeGreaterThan(was.checkpoint.size);
        const again = verifyInclusionProof((await proveInclusion(ledger, old.row)).proof, [publicKey]);
        expect(again).toMatchObject({ position: was.position, entry: was.entry });
        const { proof } = await proveConsistency(ledger, old.note);
        expect(verifyConsistencyProof(old.note, proof, [publicKey])).toMatchObject({ size: found.size });
      }
      // the rows of 2015 that came after the move
      expect((await purge(target, archive)).purged.map(({ rows: count }) => count)).toEqual([1, 1]);
      for (const table of logs)
        expect(
          await verifyLedger(openLedger(target, archive, table, { checkpoints, key }), { full: true }),
        ).toMatchObject({ problems: [] });
    } finally {
      await source.close();
      await target.close();
      await rm(checkpoints, { recursive: true });
      for (const place of places) await place.remove();
    }
  });
});

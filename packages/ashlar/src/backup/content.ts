import type { Engine } from '../contract/engine.js';
import type { LedgerReader } from '../contract/ledger.js';
import type { Owner } from '../contract/owner.js';
import type { Snapshot } from '../contract/snapshot.js';
import type { SystemFacts } from '../contract/system.js';
import type { TableFacts } from '../contract/table.js';
import { AshlarError } from '../errors.js';
import { ledgerReader } from '../guarantees/ledgered/reader.js';
import { ledgersOf, originOf } from '../ledger/database/index.js';
import { treeRoot } from '../ledger/index.js';
import { readHistory } from '../migrations/history.js';
import { identifier, type Tables } from '../model/index.js';
import { fingerprintThrough } from '../prove/fingerprint.js';
import { type Content, mismatch } from './manifest.js';

/** One moment of a database that can be read. */
export type Moment = Pick<Snapshot, 'read' | 'count'>;

/** The newest signed checkpoint that is kept of a ledger; `null` where there is none. */
export type CheckpointOf = (system: SystemFacts<Tables>, table: TableFacts) => Promise<string | null>;

/** What a database holds at one moment, as a manifest tells it. */
export const contentOf = async (
  engine: Engine,
  moment: Moment,
  systems: readonly SystemFacts<Tables>[],
  checkpointOf: CheckpointOf,
): Promise<Content> => {
  const owner = ownerOf(moment);
  const applied = await readHistory(owner, engine.dialect);
  const content: Content = { systems: [], rows: {}, ledgers: [] };
  for (const { name } of (await engine.introspect(owner)).tables)
    content.rows[name] = await moment.count(name);
  for (const system of systems) {
    content.systems.push({
      name: system.name,
      head: applied.filter((step) => step.system === system.name).at(-1)?.step ?? null,
      fingerprint: await fingerprintThrough(engine, owner, system),
    });
    for (const table of ledgersOf(system)) {
      // a system that was not brought up here has no ledger yet
      if (!(table.name in content.rows)) continue;
      const reader = ledgerReader(table, engine.dialect.name, moment.read);
      content.ledgers.push({
        ledger: originOf(system, table),
        table: table.name,
        ...(await headOf(reader)),
        checkpoint: await checkpointOf(system, table),
      });
    }
  }
  return content;
};

/** Size and root of a ledger. */
export const headOf = async (reader: LedgerReader): Promise<{ size: number; root: string }> => {
  const size = (await reader.head())?.size ?? 0;
  return { size, root: (await treeRoot(reader, size)).toString('base64') };
};

/** A database that nobody else uses, as a moment. */
export const still = (owner: Owner): Moment => ({
  read: owner.run,
  count: async (table) =>
    Number((await owner.run(`SELECT count(*) AS rows FROM ${identifier(table)}`))[0]?.rows),
});

/** @throws AshlarError `backup-manifest-mismatch`, which names the first thing that differs */
export const assertContent = (expected: Content, found: Content): void => {
  const tables = new Set([...Object.keys(expected.rows), ...Object.keys(found.rows)]);
  for (const table of tables) {
    const [told, there] = [expected.rows[table], found.rows[table]];
    if (told !== there)
      throw mismatch(
        `${table} has ${there ?? 'no'} rows; the manifest says ${told ?? 'there is no such table'}.`,
      );
  }
  for (const system of expected.systems) {
    const there = found.systems.find(({ name }) => name === system.name);
    if (there?.head !== system.head)
      throw mismatch(
        `${system.name} is at step ${there?.head ?? 'none'}; the manifest says ${system.head ?? 'none'}.`,
      );
    if (there.fingerprint !== system.fingerprint)
      throw mismatch(`The schema of ${system.name} has another fingerprint than the manifest says.`);
  }
  for (const ledger of expected.ledgers) {
    const there = found.ledgers.find((one) => one.ledger === ledger.ledger);
    if (there?.size !== ledger.size || there.root !== ledger.root)
      throw mismatch(`The ledger ${ledger.ledger} has another head than the manifest says.`);
  }
};

// what introspects and reads history only runs queries
const ownerOf = ({ read }: Moment): Owner => {
  const refuse = async (): Promise<never> => {
    throw new AshlarError('session-read-only', { message: 'A moment that is held can only be read.' });
  };
  return {
    run: async (sql, parameters) => [...(await read(sql, parameters))],
    script: refuse,
    atomically: refuse,
  };
};

import type { Engine } from '../contract/engine.js';
import type { LedgerReader } from '../contract/ledger.js';
import type { Owner } from '../contract/owner.js';
import type { Snapshot } from '../contract/snapshot.js';
import type { SystemFacts } from '../contract/system.js';
import type { TableFacts } from '../contract/table.js';
import { AshlarError } from '../errors.js';
import { ledgerReader } from '../guarantees/ledgered/reader.js';
import { ledgersOf, originOf } from '../ledger/database/checkpoints.js';
import { treeRoot } from '../ledger/index.js';
import { readHistory } from '../migrations/history.js';
import { identifier, type Tables } from '../model/index.js';
import { fingerprintThrough } from '../prove/fingerprint.js';
import { type DatabaseState, mismatch } from './manifest.js';

/** A read-only view of a database at one point in time. */
export type DatabaseView = Pick<Snapshot, 'read' | 'count'>;

/**
 * A function that returns the newest signed checkpoint of a ledger, as the text of a note; `null` if there is none.
 */
export type CheckpointOf = (system: SystemFacts<Tables>, table: TableFacts) => Promise<string | null>;

/**
 * Reads the values of a database that a manifest records: row counts, schema fingerprints, migrations and ledger
 * heads.
 */
export async function databaseState(
  engine: Engine,
  view: DatabaseView,
  systems: readonly SystemFacts<Tables>[],
  checkpointOf: CheckpointOf,
): Promise<DatabaseState> {
  const owner = ownerOf(view);
  const applied = await readHistory(owner, engine.dialect);
  const state: DatabaseState = { systems: [], rows: {}, ledgers: [] };
  for (const { name } of (await engine.introspect(owner)).tables) state.rows[name] = await view.count(name);
  for (const system of systems) {
    state.systems.push({
      name: system.name,
      head: applied.filter((step) => step.system === system.name).at(-1)?.step ?? null,
      fingerprint: await fingerprintThrough(engine, owner, system),
    });
    for (const table of ledgersOf(system)) {
      // a system that is not initialised in this database has no ledger
      if (!(table.name in state.rows)) continue;
      const reader = ledgerReader(table, engine.dialect.name, view.read);
      state.ledgers.push({
        ledger: originOf(system, table),
        table: table.name,
        ...(await headOf(reader)),
        checkpoint: await checkpointOf(system, table),
      });
    }
  }
  return state;
}

/** Reads the number of entries of a ledger and its root hash (in base64). */
export async function headOf(reader: LedgerReader): Promise<{ size: number; root: string }> {
  const size = (await reader.head())?.size ?? 0;
  return { size, root: (await treeRoot(reader, size)).toString('base64') };
}

/** Creates a read-only view of a database, which no other process may change meanwhile. */
export function viewOf(owner: Owner): DatabaseView {
  return {
    read: owner.run,
    count: async (table) =>
      Number((await owner.run(`SELECT count(*) AS rows FROM ${identifier(table)}`))[0]?.rows),
  };
}

/**
 * Throws if a database differs from what a manifest records.
 *
 * @param sameRelease - whether this release of Ashlar made the manifest: only then are fingerprints of schemas comparable,
 *   because a release may describe a schema or its rights in other words
 * @throws AshlarError `backup-manifest-mismatch`, with the first difference
 */
export function assertSameState(expected: DatabaseState, found: DatabaseState, sameRelease: boolean): void {
  const tables = new Set([...Object.keys(expected.rows), ...Object.keys(found.rows)]);
  for (const table of tables) {
    const [before, now] = [expected.rows[table], found.rows[table]];
    if (before !== now)
      throw mismatch(
        `${table} has ${now ?? 'no'} rows; the manifest says ${before ?? 'that it does not exist'}.`,
      );
  }
  for (const system of expected.systems) {
    const now = found.systems.find(({ name }) => name === system.name);
    if (now?.head !== system.head)
      throw mismatch(
        `${system.name} is at step ${now?.head ?? 'none'}; the manifest says ${system.head ?? 'none'}.`,
      );
    if (sameRelease && now.fingerprint !== system.fingerprint)
      throw mismatch(
        `The fingerprint of the schema of ${system.name} differs from the fingerprint in the manifest.`,
      );
  }
  for (const ledger of expected.ledgers) {
    const now = found.ledgers.find((one) => one.ledger === ledger.ledger);
    if (now?.size !== ledger.size || now.root !== ledger.root)
      throw mismatch(`The head of the ledger ${ledger.ledger} differs from the head in the manifest.`);
  }
}

// introspection and the history only run queries
const ownerOf = ({ read }: DatabaseView): Owner => {
  const refuse = async (): Promise<never> => {
    throw new AshlarError('session-read-only', { message: 'A snapshot of a database is read-only.' });
  };
  return {
    run: async (sql, parameters) => [...(await read(sql, parameters))],
    script: refuse,
    atomically: refuse,
  };
};

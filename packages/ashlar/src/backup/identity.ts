import { randomUUID } from 'node:crypto';
import type { Engine } from '../contract/engine.js';
import type { OpenOptions } from '../contract/open-options.js';
import type { Owner } from '../contract/owner.js';
import type { Snapshot } from '../contract/snapshot.js';
import { missingOf } from '../engines/foundation.js';
import { openEngine } from '../engines/open.js';
import { AshlarError } from '../errors.js';
import { literal } from '../model/index.js';
import { identityTable } from '../sql/identity-table.js';
import type { ListedBackup } from './folder.js';
import { fingerprint } from './keys.js';
import type { DatabaseIdentity } from './manifest.js';

/** What a database keeps: its identity, and how many backups it has counted. */
export type KeptIdentity = Pick<DatabaseIdentity, 'database' | 'number'>;

// an older release made the database, or none of Ashlar's commands did
const none: KeptIdentity = { database: null, number: 0 };

const lacksTable = async (owner: Owner, engine: Engine): Promise<boolean> =>
  (
    await missingOf(
      owner,
      engine.dialect.foundation.filter(({ name }) => name === identityTable),
    )
  ).length > 0;

const rowOf = (rows: readonly Readonly<Record<string, unknown>>[]): KeptIdentity | undefined =>
  rows[0] && { database: String(rows[0].identity), number: Number(rows[0].backups) };

/**
 * Counts one more backup in the database, which gets its identity with the first. A database that finds a backup with its
 * identity and a number that it has not counted yet is a copy of another one, or was set back behind Ashlar's back: it gets
 * an identity of its own, so that no rule for the one removes a backup of the other. A database that cannot be written keeps its
 * number.
 *
 * @param listed - the backups in the folder, whose lock is held
 * @returns the identity and the number of the backup; no identity where the database has no table for it
 */
export async function countBackup(engine: Engine, listed: readonly ListedBackup[]): Promise<KeptIdentity> {
  try {
    return await engine.asOwner(async (owner) => {
      if (await lacksTable(owner, engine)) return none;
      return owner.atomically(() => countIn(owner, listed));
    });
  } catch (error) {
    // a full disk, a standby, a role that may only read: a backup is needed all the same
    if (error instanceof AshlarError) return (await readIdentity(engine)) ?? none;
    throw error;
  }
}

const countIn = async (owner: Owner, listed: readonly ListedBackup[]): Promise<KeptIdentity> => {
  await owner.run(
    `INSERT INTO ${identityTable} (id, identity, backups) VALUES (1, ${literal(randomUUID())}, 0) ON CONFLICT (id) DO NOTHING`,
  );
  const own = rowOf(
    await owner.run(`UPDATE ${identityTable} SET backups = backups + 1 RETURNING identity, backups`),
  );
  if (own === undefined)
    throw new AshlarError('state-conflict', { message: `The table ${identityTable} keeps no row.` });
  const isAnothers = listed.some(
    ({ manifest }) => manifest?.identity?.database === own.database && manifest.identity.number >= own.number,
  );
  if (!isAnothers) return own;
  const fresh = { database: randomUUID(), number: 1 };
  await keep(owner, fresh);
  return fresh;
};

const keep = async (owner: Owner, { database, number }: KeptIdentity): Promise<void> => {
  await owner.run(`DELETE FROM ${identityTable}`);
  if (database !== null)
    await owner.run(
      `INSERT INTO ${identityTable} (id, identity, backups) VALUES (1, ${literal(database)}, ${number})`,
    );
};

/** Returns what the manifest of a backup says of its database. */
export function identityIn(
  { place, incarnation }: Pick<Snapshot, 'place' | 'incarnation'>,
  own: KeptIdentity,
): DatabaseIdentity {
  // without an identity, another database can have the same path on another machine
  const where = own.database === null ? `${place}\n${incarnation}` : place;
  return { ...own, place: fingerprint(where) };
}

/**
 * Reads the identity of a database, as any role that may read it.
 *
 * @returns `undefined` where it has none, or cannot be read
 */
export async function readIdentity(engine: Engine): Promise<KeptIdentity | undefined> {
  try {
    const { rows } = await engine.read(`SELECT identity, backups FROM ${identityTable}`, []);
    return rowOf(rows);
  } catch (error) {
    if (error instanceof AshlarError) return undefined;
    throw error;
  }
}

/** Reads the identity of the database at a URL; `undefined` where there is none, or it does not open. */
export async function identityAt(options: OpenOptions): Promise<KeptIdentity | undefined> {
  try {
    const engine = await openEngine({ ...options, create: false });
    try {
      return await readIdentity(engine);
    } finally {
      await engine.close();
    }
  } catch (error) {
    if (error instanceof AshlarError) return undefined;
    throw error;
  }
}

/**
 * Gives a restored copy the identity of the database that it replaces; without one, the copy gets an identity of its own
 * with its first backup.
 */
export async function passOnIdentity(engine: Engine, replaced: KeptIdentity | undefined): Promise<void> {
  await engine.asOwner(async (owner) => {
    if (await lacksTable(owner, engine)) return;
    await owner.atomically(() => keep(owner, replaced ?? none));
  });
}

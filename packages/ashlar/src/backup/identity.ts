import { randomBytes, randomUUID } from 'node:crypto';
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
import { endsOf, type Lineage, longestHistory, tokenLength } from './lineage.js';
import type { DatabaseIdentity } from './manifest.js';

// an older release made the database, or none of Ashlar's commands did
const none: Lineage = { database: null, number: null, history: '' };

const lacksTable = async (owner: Owner, engine: Engine): Promise<boolean> =>
  (
    await missingOf(
      owner,
      engine.dialect.foundation.filter(({ name }) => name === identityTable),
    )
  ).length > 0;

const all = `SELECT number, token FROM ${identityTable} ORDER BY number`;

const lineageIn = (rows: readonly Readonly<Record<string, unknown>>[]): Lineage | undefined => {
  const [first, ...counted] = rows;
  if (first === undefined || Number(first.number) !== 0) return undefined;
  return {
    database: String(first.token),
    number: Number(counted.at(-1)?.number ?? 0),
    history: counted.map(({ token }) => String(token)).join(''),
  };
};

/**
 * Counts one more backup in the database, which gets its identity with the first. A database that finds a backup with its identity
 * which it has not counted is a copy of another one, or was set back behind Ashlar's back: it gets an identity of its own, so that
 * no rule for the one removes a backup of the other.
 *
 * @param listed - the backups in the folder, whose lock is held
 * @returns the identity, the number and the history of the backup; the number is `null` where the database has no table for it, or
 *   cannot be written
 */
export async function countBackup(engine: Engine, listed: readonly ListedBackup[]): Promise<Lineage> {
  try {
    return await engine.asOwner(async (owner) => {
      if (await lacksTable(owner, engine)) return none;
      return owner.atomically(() => countIn(owner, listed));
    });
  } catch (error) {
    // a full disk, a standby, a role that may only read, another backup at once: a backup is needed all the same
    if (error instanceof AshlarError)
      return { ...none, database: (await readIdentity(engine))?.database ?? null };
    throw error;
  }
}

const countIn = async (owner: Owner, listed: readonly ListedBackup[]): Promise<Lineage> => {
  const token = randomBytes(tokenLength / 2).toString('hex');
  await owner.run(
    `INSERT INTO ${identityTable} (number, token) VALUES (0, ${literal(randomUUID())}) ON CONFLICT (number) DO NOTHING`,
  );
  // of two that count at once, the second waits for the first, and reads after it
  await owner.run(`UPDATE ${identityTable} SET token = token WHERE number = 0`);
  const before = lineageIn(await owner.run(all));
  if (before === undefined)
    throw new AshlarError('state-conflict', { message: `The table ${identityTable} has no first row.` });
  const next = withToken(before, token);
  const others = listed.flatMap(({ manifest }) =>
    manifest?.identity?.database === next.database && manifest.identity.number !== null
      ? [manifest.identity]
      : [],
  );
  if (endsOf<Lineage>([...others, next]).length === 1) {
    await add(owner, next, token);
    await owner.run(
      `DELETE FROM ${identityTable} WHERE number > 0 AND number <= ${(next.number ?? 0) - longestHistory}`,
    );
    return next;
  }
  const fresh = withToken({ database: randomUUID(), number: 0, history: '' }, token);
  await keep(owner, fresh);
  return fresh;
};

const withToken = ({ database, number, history }: Lineage, token: string): Lineage => ({
  database,
  number: (number ?? 0) + 1,
  history: `${history}${token}`.slice(-longestHistory * tokenLength),
});

const add = async (owner: Owner, { number }: Lineage, token: string): Promise<void> => {
  await owner.run(`INSERT INTO ${identityTable} (number, token) VALUES (${number}, ${literal(token)})`);
};

const keep = async (owner: Owner, lineage: Lineage): Promise<void> => {
  await owner.run(`DELETE FROM ${identityTable}`);
  const { database, number, history } = lineage;
  if (database === null || number === null) return;
  const tokens = history.match(new RegExp(`.{${tokenLength}}`, 'g')) ?? [];
  const rows = tokens.map((token, at) => [number - tokens.length + at + 1, token] as const);
  const values = [[0, database] as const, ...rows].map(([at, token]) => `(${at}, ${literal(token)})`);
  await owner.run(`INSERT INTO ${identityTable} (number, token) VALUES ${values.join(', ')}`);
};

/** Returns what the manifest of a backup says of its database. */
export function identityIn(
  { place, incarnation }: Pick<Snapshot, 'place' | 'incarnation'>,
  { database, number, history }: Lineage,
): DatabaseIdentity {
  return { database, place: fingerprint(place), incarnation: fingerprint(incarnation), number, history };
}

/**
 * Reads the identity of a database and the backups that it has counted, as any role that may read it.
 *
 * @returns `undefined` where it has none, or cannot be read
 */
export async function readIdentity(engine: Engine): Promise<Lineage | undefined> {
  try {
    const { rows } = await engine.read(all, []);
    return lineageIn(rows);
  } catch (error) {
    if (error instanceof AshlarError) return undefined;
    throw error;
  }
}

/** Reads the identity of the database at a URL; `undefined` where there is none, or it does not open. */
export async function identityAt(options: OpenOptions): Promise<Lineage | undefined> {
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
export async function passOnIdentity(engine: Engine, replaced: Lineage | undefined): Promise<void> {
  await engine.asOwner(async (owner) => {
    if (await lacksTable(owner, engine)) return;
    await owner.atomically(() => keep(owner, replaced ?? none));
  });
}

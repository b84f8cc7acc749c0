import type { Engine } from '../contract/engine.js';
import { markAsTest } from '../migrations/test-mark.js';

/**
 * Marks an initialised database as a test database, as its owner. Sessions of it may then have a clock of their own, with which
 * they write rows whose times are not those of the database. `prove` fails on such a database, and its ledgers report those
 * rows. The mark stays: mark no database that has data of users. `testDatabase` marks its database itself.
 *
 * @param engine - the database, opened as its owner
 * @throws AshlarError `privilege-missing` for another user
 *
 * @example
 * await up(engine, shop);
 * await markTestDatabase(engine);
 * const db = await connect(shop, { url, clock: () => new Date('2026-01-31T09:00:00Z'), allowOwner: true });
 */
export async function markTestDatabase(engine: Engine): Promise<void> {
  await engine.asOwner(markAsTest);
}

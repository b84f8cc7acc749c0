import type { Engine } from '../../../contract/engine.js';
import type { GuardedPlace } from '../../../contract/guards.js';
import { giveBack, takeEmptied } from './emptied.js';
import { pgliteEngine } from './open.js';

// how long an unused database waits for the next comparison, in milliseconds
const longestIdle = 250;

/**
 * Opens an empty PGlite database in memory. A closed one is kept for a short time and reused.
 *
 * @param guards - where the tables are that a guard is on
 */
export async function openPgliteShadow(guards?: GuardedPlace): Promise<Engine> {
  const made = await takeEmptied(guards && [guards.own, guards.schema]);
  const close = (isInUse: boolean): Promise<void> =>
    isInUse ? made.database.close() : giveBack(made, longestIdle);
  try {
    return await pgliteEngine(made, { url: 'pglite:memory', guards }, close);
  } catch (error) {
    await made.database.close();
    throw error;
  }
}

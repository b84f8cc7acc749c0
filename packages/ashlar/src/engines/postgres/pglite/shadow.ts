import type { Engine } from '../../../contract/engine.js';
import { giveBack, takeEmptied } from './emptied.js';
import { pgliteEngine } from './open.js';

// how long an unused database waits for the next comparison, in milliseconds
const longestIdle = 250;

/** Opens an empty PGlite database in memory. A closed one is kept for a short time and reused. */
export async function openPgliteShadow(): Promise<Engine> {
  const made = await takeEmptied();
  const close = (isInUse: boolean): Promise<void> =>
    isInUse ? made.database.close() : giveBack(made, longestIdle);
  try {
    return await pgliteEngine(made, { url: 'pglite:memory' }, close);
  } catch (error) {
    await made.database.close();
    throw error;
  }
}

import type { Engine } from '../../../contract/engine.js';
import { openPglite } from './open.js';

// how long an unused database waits for the next comparison, in milliseconds; it keeps the process running for that time
const idleTime = 250;

let idle: { readonly engine: Engine; readonly timer: NodeJS.Timeout } | undefined;

const takeIdle = (): Engine | undefined => {
  const taken = idle;
  idle = undefined;
  if (taken) clearTimeout(taken.timer);
  return taken?.engine;
};

const empty = `
DROP SCHEMA public CASCADE;
CREATE SCHEMA public;
RESET ALL;
DEALLOCATE ALL`;

// objects that a migration can leave outside its schema: roles, other schemas, extensions
const leftovers = `
SELECT (SELECT count(*) FROM pg_roles WHERE rolname NOT LIKE 'pg\\_%' AND rolname <> current_user)
     + (SELECT count(*) FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname NOT IN ('public', 'information_schema'))
     + (SELECT count(*) FROM pg_extension WHERE extname <> 'plpgsql') AS n`;

const isEmptied = async (engine: Engine): Promise<boolean> => {
  try {
    return await engine.asOwner(async (owner) => {
      await owner.script(empty);
      return (await owner.run(leftovers))[0]?.n === 0;
    });
  } catch {
    return false;
  }
};

const giveBack = async (engine: Engine): Promise<void> => {
  if (idle || !(await isEmptied(engine)) || idle) return engine.close();
  idle = { engine, timer: setTimeout(() => void takeIdle()?.close(), idleTime) };
};

/**
 * Opens an empty PGlite database in memory. Creating one takes most of a second, emptying one some milliseconds: a
 * closed one is kept for a short time and reused.
 */
export async function openPgliteShadow(): Promise<Engine> {
  const engine = takeIdle() ?? (await openPglite({ url: 'pglite:memory' }, undefined));
  let isOpen = true;
  return {
    ...engine,
    close: async () => {
      if (isOpen) await giveBack(engine);
      isOpen = false;
    },
  };
}

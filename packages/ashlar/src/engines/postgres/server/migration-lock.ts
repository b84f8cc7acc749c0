import { setTimeout as sleep } from 'node:timers/promises';
import type { Owner } from '../../../contract/owner.js';
import { AshlarError } from '../../../errors.js';
import type { Backend } from '../engine.js';

const lockPoll = 100;

/** Returns what keeps other processes from migrating a schema while `work` runs. */
export function exclusively(schema: string): Backend['exclusively'] {
  return async (owner: Owner, lockTimeout, work) => {
    const key = [`ashlar migrations ${schema}`];
    const deadline = performance.now() + lockTimeout;
    for (;;) {
      const [row] = await owner.run('SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS locked', key);
      if (row?.locked) break;
      if (performance.now() >= deadline) {
        throw new AshlarError('migration-locked', {
          message: 'Another process is migrating this database.',
          detail: `The other process held the migration lock for longer than ${lockTimeout} ms.`,
          suggestion: 'Wait until the other process has finished, then run the command again.',
        });
      }
      await sleep(Math.min(lockPoll, Math.max(1, deadline - performance.now())));
    }
    try {
      return await work();
    } finally {
      // if this fails, the lock ends with the connection
      await owner.run('SELECT pg_advisory_unlock(hashtextextended($1, 0))', key).catch(() => undefined);
    }
  };
}

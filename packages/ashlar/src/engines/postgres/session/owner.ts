import type { Owner } from '../../../contract/owner.js';
import { everyScope, literal } from '../../../model/index.js';
import type { Channel, Reply } from '../wire/channel.js';
import { decodeRows } from '../wire/decode.js';
import { translated } from '../wire/errors.js';
import { wireValues } from '../wire/parameters.js';
import { isKept } from '../wire/statement-kind.js';
import type { Hooks, OnStatement } from './transaction.js';

// in whose name the owner acts: nobody's data in particular, so everybody's; for a transaction only, because a pooler
// would hand a setting of the session on to others
const begin = `BEGIN; SET LOCAL ashlar.actor = 'owner'; SET LOCAL ashlar.scope = ${literal(everyScope)}`;

/** The owner's statements on a connection. Nothing is prepared: the schema changes under it. */
export function owned(channel: Channel, onStatement: OnStatement, hooks: Hooks = {}): Owner {
  let inTransaction = false;
  const send = async (text: string, parameters?: readonly unknown[]): Promise<Reply> => {
    const start = performance.now();
    const values = parameters && parameters.length > 0 ? { values: wireValues(parameters) } : {};
    try {
      return await translated(() => channel.send({ text, ...values }));
    } finally {
      onStatement?.(text, performance.now() - start);
    }
  };
  // a change or a look at rows in a transaction of its own, in one packet; other statements may not be in one
  const alone = async (sql: string, parameters?: readonly unknown[]): Promise<Reply> => {
    const [, answer, end] = await Promise.allSettled([send(begin), send(sql, parameters), send('COMMIT')]);
    if (answer.status === 'rejected') throw answer.reason;
    if (end.status === 'rejected') throw end.reason;
    return answer.value;
  };
  return {
    run: async (sql, parameters) =>
      decodeRows(await (inTransaction || !isKept(sql) ? send(sql, parameters) : alone(sql, parameters))),
    script: async (sql) => {
      await send(sql);
    },
    atomically: async (work, { lockTimeout } = {}) => {
      await send(begin);
      inTransaction = true;
      try {
        if (lockTimeout !== undefined)
          await send(`SET LOCAL lock_timeout = ${Math.max(1, Math.round(lockTimeout))}`);
        const result = await work();
        await translated(async () => hooks.beforeCommit?.(channel));
        await send('COMMIT');
        return result;
      } catch (error) {
        // the first error is the one to tell; without a connection there is nothing to roll back
        await channel.send({ text: 'ROLLBACK' }).catch(() => undefined);
        throw error;
      } finally {
        inTransaction = false;
      }
    },
  };
}

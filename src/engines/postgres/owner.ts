import type { Owner } from '../engine.js';
import type { Channel, Reply } from './channel.js';
import { decodeRows } from './decode.js';
import { translated } from './errors.js';
import { wireValues } from './parameters.js';
import type { Hooks, OnStatement } from './transaction.js';

/** The owner's statements on a connection. Nothing is prepared: the schema changes under it. */
export const owned = (channel: Channel, onStatement: OnStatement, hooks: Hooks = {}): Owner => {
  const send = async (text: string, parameters?: readonly unknown[]): Promise<Reply> => {
    const start = performance.now();
    const values = parameters && parameters.length > 0 ? { values: wireValues(parameters) } : {};
    try {
      return await translated(() => channel.send({ text, ...values }));
    } finally {
      onStatement?.(text, performance.now() - start);
    }
  };
  return {
    run: async (sql, parameters) => decodeRows(await send(sql, parameters)),
    script: async (sql) => {
      await send(sql);
    },
    atomically: async (work, { lockTimeout } = {}) => {
      await send('BEGIN');
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
      }
    },
  };
};

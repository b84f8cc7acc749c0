import type { Owner } from '../../../contract/owner.js';
import { type AshlarError, isAshlarError } from '../../../errors.js';
import { everyScope, ownerActor } from '../../../model/index.js';
import type { Report } from '../../report.js';
import type { Channel, Reply, Request } from '../wire/channel.js';
import { decodeRows, storedForm } from '../wire/decode.js';
import { isUnsent } from '../wire/driver-error.js';
import { asAshlarError } from '../wire/errors.js';
import { wireValues } from '../wire/parameters.js';
import { reported } from '../wire/report.js';
import { isKept, isPlainRead } from '../wire/statement-kind.js';
import { committed } from './committed.js';
import type { ContextSigner } from './context-signer.js';
import { contextTexts } from './control.js';
import { outcomeUnknown } from './end-errors.js';
import type { Hooks } from './transaction-parts.js';

// the owner acts in every scope; set for one transaction only, because a pooler would pass settings of a connection on to
// other clients
const context = { actor: ownerActor, scope: everyScope };

/** Functions that the owner's statements and transactions use. */
export interface OwnerHooks extends Hooks {
  /** Signs the context of a user that may not act as the owner. */
  readonly signer?: ContextSigner;
  /** Translates an error of the driver. Default: without the names that the registered tables declare. */
  readonly explain?: (error: unknown) => AshlarError;
}

/**
 * Returns an `Owner` that runs its statements on the given connection. No statement is prepared, because the schema
 * changes.
 */
export function ownerOf(channel: Channel, report: Report | undefined, hooks: OwnerHooks = {}): Owner {
  let inTransaction = false;
  const explain = hooks.explain ?? asAshlarError;
  const translated = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw explain(error);
    }
  };
  const commit = (): Promise<Reply> =>
    reported(report, 'COMMIT', () => committed(channel.send({ text: 'COMMIT' }), explain));
  const requestOf = (text: string, parameters: readonly unknown[] = []): Request =>
    parameters.length > 0 ? { text, values: wireValues(parameters) } : { text };
  const send = async (text: string, parameters?: readonly unknown[]): Promise<Reply> =>
    reported(report, text, () => translated(() => channel.send(requestOf(text, parameters))));
  const begin = (): readonly Request[] => {
    const signed = hooks.signer?.requestOfOwner(context, hooks.signer.now());
    return [{ text: 'BEGIN' }, ...(signed ? [signed] : contextTexts(context).map((text) => ({ text })))];
  };
  const opening = (): Promise<Reply> =>
    reported(report, 'BEGIN', () => translated(() => channel.together(begin())));
  // statements on rows run in a transaction of their own, sent in one packet; others, such as VACUUM, may not be in one
  const runAlone = async (sql: string, parameters?: readonly unknown[]): Promise<Reply> => {
    const [answer, end] = await Promise.allSettled([
      reported(report, sql, () =>
        translated(() => channel.together([...begin(), requestOf(sql, parameters)])),
      ),
      commit(),
    ]);
    const isRead = isPlainRead(sql);
    if (answer.status === 'fulfilled') {
      if (end.status === 'fulfilled') return answer.value;
      // a read changes nothing, whether or not its transaction ended
      throw isRead && isAshlarError(end.reason, 'outcome-unknown') ? explain(end.reason.cause) : end.reason;
    }
    // the COMMIT was sent as well, if anything was
    const { reason } = answer as { readonly reason: unknown };
    const isUnknown = isAshlarError(reason, 'connection-lost') && !isRead && !isUnsent(reason);
    throw isUnknown ? outcomeUnknown(reason) : reason;
  };
  return {
    run: async (sql, parameters) =>
      decodeRows(
        await (inTransaction || !isKept(sql) ? send(sql, parameters) : runAlone(sql, parameters)),
        storedForm,
      ),
    script: async (sql) => {
      await send(sql);
    },
    atomically: async (work, { lockTimeout } = {}) => {
      if (inTransaction) return work();
      await opening();
      inTransaction = true;
      try {
        if (lockTimeout !== undefined)
          await send(`SET LOCAL lock_timeout = ${Math.max(1, Math.round(lockTimeout))}`);
        const result = await work();
        await translated(async () => hooks.beforeCommit?.(channel));
        await commit();
        return result;
      } catch (error) {
        // report the first error; a lost connection needs no rollback
        await channel.send({ text: 'ROLLBACK' }).catch(() => undefined);
        throw error;
      } finally {
        inTransaction = false;
      }
    },
  };
}

import type { Channel, Reply } from '../wire/channel.js';
import { commitAndReset, type Lasting, resetConnection, rollbackAndReset } from '../wire/lasting.js';

/**
 * The end of a transaction. What its statements did to the connection beyond the transaction must not reach the next one:
 * after such statements the connection is reset, without a round trip of its own.
 */
export class TransactionEnd {
  readonly #lasting: Lasting;
  readonly #isPooled: boolean;
  #needsReset = false;
  #isUnfit = false;

  /** @param isPooled - whether the next message after the end may reach another connection */
  constructor(lasting: Lasting, isPooled: boolean) {
    this.#lasting = lasting;
    this.#isPooled = isPooled;
  }

  /** Whether the connection could not be reset, so that it has to be closed. */
  get isUnfit(): boolean {
    return this.#isUnfit;
  }

  /** Notes a statement of the transaction. */
  note(sql: string): void {
    this.#needsReset ||= this.#lasting.mayLast(sql);
  }

  /** Sends COMMIT. @returns its reply; behind a pooler, after a reset, that of the last statement of the message */
  commit(channel: Channel): Promise<Reply> {
    return this.#end(channel, 'COMMIT', commitAndReset);
  }

  /** Sends ROLLBACK. */
  rollback(channel: Channel): Promise<Reply> {
    return this.#end(channel, 'ROLLBACK', rollbackAndReset);
  }

  async #end(channel: Channel, text: string, withReset: string): Promise<Reply> {
    if (!this.#needsReset) return channel.send({ text });
    if (this.#isPooled) return channel.send({ text: withReset });
    const [ended] = await Promise.allSettled([channel.send({ text }), this.#reset(channel)]);
    if (ended.status === 'rejected') throw ended.reason;
    return ended.value;
  }

  // the COMMIT or ROLLBACK, not this, has to report a lost connection
  #reset(channel: Channel): Promise<void> {
    return channel.send({ text: resetConnection }).then(
      () => {
        channel.role = null;
      },
      () => {
        this.#isUnfit = true;
      },
    );
  }
}

import { endsWithin } from '../../ends-within.js';
import type { Channel, Reply } from '../wire/channel.js';
import { isConnectionLost } from '../wire/driver-error.js';
import { type Lasting, resetConnection, rollbackAndReset } from '../wire/lasting.js';
import type { TransactionSettings } from './transaction-settings.js';

/** How long the ROLLBACK after an interruption may take, in milliseconds, before the connection is closed instead. */
const longestRollback = 2_000;

/**
 * The end of a transaction. What its statements did to the connection beyond the transaction must not reach the next one:
 * after such statements the connection is reset, without a round trip of its own.
 */
export class TransactionEnd {
  readonly #lasting: Lasting;
  readonly #settings: TransactionSettings | undefined;
  #needsReset = false;
  #isUnfit = false;

  /** @param settings - those of each transaction, where the next message after the end may reach another connection */
  constructor(lasting: Lasting, settings: TransactionSettings | undefined) {
    this.#lasting = lasting;
    this.#settings = settings;
  }

  /** Whether the connection could not be reset, so that it has to be closed. */
  get isUnfit(): boolean {
    return this.#isUnfit;
  }

  /** Notes a statement of the transaction. */
  note(sql: string): void {
    this.#needsReset ||= this.#lasting.mayLast(sql);
  }

  /** Sends COMMIT. Where it fails, other than by a lost connection, nothing was committed. */
  commit(channel: Channel): Promise<Reply> {
    if (!this.#needsReset || !this.#settings) return this.#end(channel, 'COMMIT');
    return channel.send({ text: this.#settings.resetAndCommit() }).catch(async (error: unknown) => {
      // the error may have come before COMMIT, so that the transaction is still there
      if (!isConnectionLost(error)) await this.rollback(channel).catch(() => this.#giveUp());
      throw error;
    });
  }

  /** Sends ROLLBACK. */
  rollback(channel: Channel): Promise<Reply> {
    if (this.#needsReset && this.#settings) return channel.send({ text: rollbackAndReset() });
    return this.#end(channel, 'ROLLBACK');
  }

  /** Sends ROLLBACK, and waits for its answer; after an interruption not longer than a bound. */
  async rolledBack(channel: Channel, wasInterrupted: boolean): Promise<void> {
    const answer = this.rollback(channel);
    if (!wasInterrupted) await answer;
    else if (!(await endsWithin(answer, longestRollback))) answer.catch(() => undefined);
  }

  #giveUp(): void {
    this.#isUnfit = true;
  }

  async #end(channel: Channel, text: string): Promise<Reply> {
    if (!this.#needsReset) return channel.send({ text });
    const [ended] = await Promise.allSettled([channel.send({ text }), this.#reset(channel)]);
    if (ended.status === 'rejected') throw ended.reason;
    return ended.value;
  }

  // the COMMIT or ROLLBACK, not this, has to report a lost connection
  #reset(channel: Channel): Promise<void> {
    return channel.send({ text: resetConnection() }).then(
      () => {
        channel.role = null;
      },
      () => this.#giveUp(),
    );
  }
}

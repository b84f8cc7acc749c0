import { AshlarError } from '../../../errors.js';

/** Lets one in at a time, in the order in which they came. */
export class Queue {
  #last: Promise<void> = Promise.resolve();
  #closed = false;

  /** Waits for one's turn. @returns what ends it @throws AshlarError `database-closed` */
  async enter(): Promise<() => void> {
    if (this.#closed) {
      throw new AshlarError('database-closed', { message: 'The database was used after it was closed.' });
    }
    const before = this.#last;
    let leave = (): void => undefined;
    this.#last = new Promise<void>((resolve) => {
      leave = resolve;
    });
    await before;
    return leave;
  }

  /** Lets nobody in any more and waits until all have left. @returns false when it was closed before */
  async close(): Promise<boolean> {
    const first = !this.#closed;
    this.#closed = true;
    await this.#last;
    return first;
  }
}

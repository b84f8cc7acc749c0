import { AshlarError } from '../../../errors.js';

/** Admits one caller at a time, in the order of their calls. */
export class Queue {
  #last: Promise<void> = Promise.resolve();
  #closed = false;

  /**
   * Waits until all earlier callers have finished. @returns a function that ends the turn
   *
   * @throws AshlarError `database-closed`
   */
  async enter(): Promise<() => void> {
    if (this.#closed) {
      throw new AshlarError('database-closed', {
        message: 'The database is closed.',
        suggestion: 'Await all work before closing the database.',
      });
    }
    const before = this.#last;
    let leave = (): void => undefined;
    this.#last = new Promise<void>((resolve) => {
      leave = resolve;
    });
    await before;
    return leave;
  }

  /**
   * Refuses new callers, and waits until all earlier callers have finished. @returns false when the queue was closed
   * before
   */
  async close(): Promise<boolean> {
    const first = !this.#closed;
    this.#closed = true;
    await this.#last;
    return first;
  }
}

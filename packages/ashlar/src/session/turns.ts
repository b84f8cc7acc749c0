import { setImmediate as nextTurn } from 'node:timers/promises';

/** How long consecutive sessions may hold the event loop, in milliseconds. */
const longestTurn = 10;

/** SQLite answers in the same turn of the event loop, so a loop of sessions would starve timers and signals. */
export class Turns {
  #started = 0;

  /** Lets other work of the event loop run, if sessions have held it for long. */
  async yield(): Promise<void> {
    const now = performance.now();
    if (now - this.#started < longestTurn) return;
    await nextTurn();
    this.#started = performance.now();
  }
}

import type { Engine } from '../contract/engine.js';
import { maintain } from '../maintenance/maintain.js';
import type { Tables } from '../model/index.js';

const hour = 3_600_000;

/** The maintenance that runs in the background when a session begins, such as creating partitions ahead of time. */
export class Maintenance {
  #next = 0;
  #last = 0;
  #ended: Promise<void> = Promise.resolve();

  /** Settles when the maintenance that runs now has ended; never rejects. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** Starts the maintenance if it is due; also when the clock was set back, because it was ahead when the next time was found. */
  runWhenDue(engine: Engine, tables: Tables, now: Date): void {
    const time = now.getTime();
    if (time < this.#next && time > this.#last - hour) return;
    this.#last = time;
    this.#next = time + hour;
    this.#ended = maintain(engine, Object.values(tables), now).then(
      ({ goodUntil }) => {
        this.#next = goodUntil?.getTime() ?? Number.POSITIVE_INFINITY;
      },
      // a session must not fail because maintenance did; the next `ashlar up` reports the cause
      () => undefined,
    );
  }
}

import { endsWithin } from '../engines/ends-within.js';
import { closedWhileRunning } from './cancel.js';
import type { UnitOfWork } from './unit-of-work.js';

/** The sessions of one database that are running, also those that still wait for a connection. */
export class RunningSessions {
  /** The units of work that have begun. */
  readonly units = new Set<UnitOfWork>();
  #count = 0;
  #idle: (() => void) | undefined;

  /** Counts a session from now on. */
  began(): void {
    this.#count++;
  }

  /** Ends the count of a session. */
  ended(): void {
    this.#count--;
    if (this.#count === 0) this.#idle?.();
  }

  /**
   * Waits until no session runs. Cancels the units of work that begin and end no statement for `patience` milliseconds.
   * Returns also when such a unit does not even roll back: the engine then closes its connection.
   */
  async drain(patience: number): Promise<void> {
    for (let before = -1; this.#count > 0; ) {
      const seen = new Map([...this.units].map((unit) => [unit, unit.activity]));
      const idle = new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
      if (await endsWithin(idle, patience)) return;
      for (const [unit, activity] of seen) if (unit.activity === activity) unit.cancel(closedWhileRunning());
      const stuck = [...seen.keys()].every((unit) => unit.cancellation);
      if (stuck && this.#count === before) return;
      before = this.#count;
    }
  }
}

import { timerOf } from './wait.js';

/** How long a stopped run waits for calls in progress. */
export class Patience {
  readonly #over = new AbortController();
  readonly #signal: AbortSignal | undefined;
  readonly #begin: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param signal - stops the run
   * @param seconds - from then on until `over` is aborted
   */
  constructor(signal: AbortSignal | undefined, seconds: number) {
    this.#signal = signal;
    this.#begin = () => {
      this.#timer = setTimeout(() => this.#over.abort(), timerOf(seconds));
    };
    if (signal?.aborted) this.#begin();
    else signal?.addEventListener('abort', this.#begin, { once: true });
  }

  /** A signal that is aborted when the time is over. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** Ends the wait; the signal is no longer listened to. */
  end(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#begin);
  }
}

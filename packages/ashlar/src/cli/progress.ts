import type { OutputStream } from './streams.js';

const barWidth = 28;
const redrawMilliseconds = 80;
const lineMilliseconds = 5_000;

/** The progress of a long operation. */
export interface Progress {
  readonly done: number;
  /** The expected value of `done` at the end; `undefined` while it is unknown. */
  readonly total: number | undefined;
  /** Further texts to show beside the numbers, for example `3 failed`. */
  readonly notes?: readonly string[];
}

/** Shows progress: on a terminal as a bar, elsewhere as a line every 10 % or every 5 seconds. */
export class ProgressBar {
  readonly #stream: OutputStream;
  readonly #title: string;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #last: Progress | undefined;
  #tenths = -1;

  /** @param title - what the work does: `copying` */
  constructor(stream: OutputStream, title: string) {
    this.#stream = stream;
    this.#title = title;
  }

  /** Shows the current progress, unless progress was shown only a moment ago. */
  update(progress: Progress): void {
    this.#last = progress;
    const now = performance.now();
    if (this.#stream.isTTY) {
      if (now - this.#drawnAt < redrawMilliseconds) return;
      this.#drawnAt = now;
      this.#stream.write(`\r\u001B[2K${this.#bar(progress)}`);
      return;
    }
    const tenths = progress.total ? Math.floor((progress.done / progress.total) * 10) : -1;
    if (tenths === this.#tenths && now - this.#drawnAt < lineMilliseconds) return;
    this.#tenths = tenths;
    this.#drawnAt = now;
    this.#stream.write(`${this.#text(progress)}\n`);
  }

  /** Draws the last known progress and ends the line of the bar. */
  end(): void {
    if (this.#last && this.#stream.isTTY) this.#stream.write(`\r\u001B[2K${this.#bar(this.#last)}\n`);
  }

  #bar(progress: Progress): string {
    const share = progress.total ? Math.min(1, progress.done / progress.total) : 0;
    const filled = Math.round(share * barWidth);
    const bar = progress.total === undefined ? '' : `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)} `;
    return `${bar}${this.#text(progress)}`.slice(0, (this.#stream.columns ?? 120) - 1);
  }

  #text({ done, total, notes = [] }: Progress): string {
    const of = total === undefined ? '' : ` of ${total.toLocaleString('en-US')}`;
    return [`${this.#title}: ${done.toLocaleString('en-US')}${of}`, ...notes].join(' · ');
  }
}

import type { OutputStream } from './streams.js';

const barWidth = 28;
const redrawMilliseconds = 80;
const lineMilliseconds = 5_000;

/** How far long work has come. */
export interface Progress {
  readonly done: number;
  /** `undefined` while it is not known. */
  readonly total: number | undefined;
  readonly failed?: number;
  /** More figures, as they are shown after the counts: `12 MB/s`. */
  readonly figures?: readonly string[];
}

/** Shows the progress of long work: a bar on a terminal, a plain line now and then elsewhere. */
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

  /** Takes the current progress, and draws it unless it was drawn a moment ago. */
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

  /** Draws the last progress and starts a new line. */
  end(): void {
    if (this.#last && this.#stream.isTTY) this.#stream.write(`\r\u001B[2K${this.#bar(this.#last)}\n`);
  }

  #bar(progress: Progress): string {
    const share = progress.total ? Math.min(1, progress.done / progress.total) : 0;
    const filled = Math.round(share * barWidth);
    const bar = progress.total === undefined ? '' : `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)} `;
    return `${bar}${this.#text(progress)}`.slice(0, (this.#stream.columns ?? 120) - 1);
  }

  #text({ done, total, failed = 0, figures = [] }: Progress): string {
    const of = total === undefined ? '' : ` of ${total.toLocaleString('en-US')}`;
    return [
      `${this.#title}: ${done.toLocaleString('en-US')}${of}`,
      ...(failed > 0 ? [`${failed.toLocaleString('en-US')} failed`] : []),
      ...figures,
    ].join(' · ');
  }
}

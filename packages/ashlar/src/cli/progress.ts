import type { JobProgress } from '../jobs/job-commands.js';
import { money } from './money.js';
import type { OutputStream } from './streams.js';

const barWidth = 28;
const redrawMilliseconds = 80;
const lineMilliseconds = 5_000;

/** Shows how far work has come: a bar that moves on a terminal, now and then a plain line elsewhere. */
export class ProgressBar {
  readonly #stream: OutputStream;
  readonly #title: string;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #last: JobProgress | undefined;
  #tenths = -1;

  constructor(stream: OutputStream, title: string) {
    this.#stream = stream;
    this.#title = title;
  }

  /** Takes what is known now; draws when it is time. */
  update(progress: JobProgress): void {
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

  /** Draws the last state and goes to a new line. */
  end(): void {
    if (this.#last && this.#stream.isTTY) this.#stream.write(`\r\u001B[2K${this.#bar(this.#last)}\n`);
  }

  #bar(progress: JobProgress): string {
    const share = progress.total ? Math.min(1, progress.done / progress.total) : 0;
    const filled = Math.round(share * barWidth);
    const bar = progress.total === undefined ? '' : `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)} `;
    return `${bar}${this.#text(progress)}`.slice(0, (this.#stream.columns ?? 120) - 1);
  }

  #text({ done, total, failed, total_cost_cents: cents }: JobProgress): string {
    const of = total === undefined ? '' : ` of ${total.toLocaleString('en-US')}`;
    return [
      `${this.#title}: ${done.toLocaleString('en-US')}${of}`,
      ...(failed > 0 ? [`${failed.toLocaleString('en-US')} failed`] : []),
      ...(cents === null ? [] : [money(cents)]),
    ].join(' · ');
  }
}

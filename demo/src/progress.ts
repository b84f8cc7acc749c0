import type { JobProgress } from 'ashlar/jobs';
import { count, say } from './output.js';

/** Shows the progress of a job: on a terminal one line that is rewritten, otherwise one line at the end. */
export class Progress {
  readonly #title: string;
  #line = '';

  constructor(title: string) {
    this.#title = title;
  }

  update({ done, total }: JobProgress): void {
    this.#line = `    ${this.#title}: ${count(done)}${total === undefined ? '' : ` of ${count(total)}`}`;
    if (process.stdout.isTTY) process.stdout.write(`\r${this.#line}`);
  }

  end(): void {
    if (process.stdout.isTTY) process.stdout.write('\n');
    else if (this.#line) say(this.#line);
  }
}

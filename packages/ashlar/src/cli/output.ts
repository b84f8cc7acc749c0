import { styleText } from 'node:util';
import Table from 'cli-table3';
import { scrub } from '../settings/redact.js';
import type { OutputStream, Streams } from './streams.js';

type Format = Parameters<typeof styleText>[0];

// whether the stream wants colours has been decided here, for the stream that is written to
const always = { validateStream: false };

/**
 * Where a command prints. For people: lines and tables on standard output. With `--json`: nothing but one document
 * there, at the end. Notes and progress always go to standard error. Known secrets are taken out of everything.
 */
export class Output {
  readonly json: boolean;
  readonly #streams: Streams;
  readonly #secrets: string[] = [];

  constructor(streams: Streams, json: boolean) {
    this.#streams = streams;
    this.json = json;
  }

  /** Text that must never be printed, wherever it comes from. */
  hide(...secrets: readonly string[]): void {
    this.#secrets.push(...secrets);
  }

  /** Text without the secrets, for what is written elsewhere. */
  clean(text: string): string {
    return scrub(text, this.#secrets);
  }

  /** A line of the result, for people. */
  line(text = ''): void {
    if (!this.json) this.#write(this.#streams.stdout, `${text}\n`);
  }

  /** A line about the result: what happens, what to beware of. */
  note(text: string): void {
    this.#write(this.#streams.stderr, `${text}\n`);
  }

  /** The one document. */
  document(value: unknown): void {
    if (!this.json) return;
    // values only: a secret that happens to be a word of ours must not break the document
    const clean = (_: string, part: unknown) =>
      typeof part === 'string' ? scrub(part, this.#secrets) : part;
    this.#streams.stdout.write(`${JSON.stringify(value, clean, 2)}\n`);
  }

  /** A table of the result, for people. Columns whose cells are all numbers are set right. */
  table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
    const table = new Table({
      head: head.map((title) => this.style('bold', title)),
      colAligns: head.map((_, at) => (rows.every((row) => isFigure(row[at])) ? 'right' : 'left')),
      style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
      chars: noBorder,
    });
    table.push(...rows.map((row) => [...row]));
    for (const line of table.toString().split('\n')) this.line(line.trimEnd());
  }

  /** Text in colour on a terminal that wants it, else as it is. */
  style(format: Format, text: string): string {
    return this.#coloured(this.#streams.stdout) ? styleText(format, text, always) : text;
  }

  /** {@link style} for standard error. */
  styleNote(format: Format, text: string): string {
    return this.#coloured(this.#streams.stderr) ? styleText(format, text, always) : text;
  }

  #coloured(stream: OutputStream): boolean {
    return stream.isTTY === true && (this.#streams.env.NO_COLOR ?? '') === '' && !this.json;
  }

  #write(stream: OutputStream, text: string): void {
    stream.write(scrub(text, this.#secrets));
  }
}

const isFigure = (cell: string | number | undefined): boolean =>
  typeof cell === 'number' || /^(-?[$\d.,%]+|–|)$/.test(cell ?? '');

const noBorder = Object.fromEntries(
  [
    ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
    ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'],
  ].map((name) => [name, '']),
);

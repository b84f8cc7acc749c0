import { styleText } from 'node:util';
import { scrub } from '../settings/redact.js';
import { toJsonValue } from './plain-data.js';
import type { OutputStream, Streams } from './streams.js';
import { visibleOutput } from './visible.js';

type Format = Parameters<typeof styleText>[0];

// Output decides for each stream whether to use colours
const always = { validateStream: false };

/**
 * Writes the output of a command. Lines and tables for people go to standard output; with `--json`, one document goes
 * there instead, at the end. Notes and progress always go to standard error. Known secrets are removed from everything.
 */
export class Output {
  readonly json: boolean;
  readonly #streams: Streams;
  readonly #secrets: string[] = [];

  constructor(streams: Streams, json: boolean) {
    this.#streams = streams;
    this.json = json;
  }

  /** Registers secrets; all output then shows `[secret]` in their place. */
  hide(...secrets: readonly string[]): void {
    this.#secrets.push(...secrets);
  }

  /** Returns a text with all registered secrets replaced by `[secret]`, so that it can be written to a file. */
  clean(text: string): string {
    return scrub(text, this.#secrets);
  }

  /** Prints a line of the result on standard output; prints nothing if `--json` is given. */
  line(text = ''): void {
    if (!this.json) this.#write(this.#streams.stdout, `${text}\n`);
  }

  /** Prints a remark on standard error. */
  note(text: string): void {
    this.#write(this.#streams.stderr, `${text}\n`);
  }

  /**
   * Prints the result as a JSON document with `--json`; nothing without it. A bigint is printed as a string of its
   * decimal digits, a Set as a list, a Map as an object.
   *
   * @throws TypeError where a value has no JSON form: an object that contains itself, a Map with objects as keys
   */
  document(value: unknown): void {
    if (!this.json) return;
    // only values: a secret that equals a property name must not change the document's form
    const clean = (_: string, part: unknown) => {
      const json = toJsonValue(part);
      return typeof json === 'string' ? scrub(json, this.#secrets) : json;
    };
    this.#streams.stdout.write(`${JSON.stringify(value, clean, 2)}\n`);
  }

  /** Applies a style to a text if standard output is a terminal that shows colours; otherwise returns it unchanged. */
  style(format: Format, text: string): string {
    return this.#coloured(this.#streams.stdout) ? styleText(format, text, always) : text;
  }

  /** Applies a style to a text if standard error is a terminal that shows colours; otherwise returns it unchanged. */
  styleNote(format: Format, text: string): string {
    return this.#coloured(this.#streams.stderr) ? styleText(format, text, always) : text;
  }

  #coloured(stream: OutputStream): boolean {
    return stream.isTTY === true && (this.#streams.env.NO_COLOR ?? '') === '' && !this.json;
  }

  #write(stream: OutputStream, text: string): void {
    stream.write(visibleOutput(scrub(text, this.#secrets), this.#coloured(stream)));
  }
}

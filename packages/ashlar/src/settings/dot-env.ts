import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { AshlarError } from '../errors.js';
import { readFileOrPipe } from '../files/read.js';
import { invalidSettings, unreadable } from './invalid.js';

/** A setting in a file `.env`. */
export interface DotEnvLine {
  readonly name: string;
  readonly value: string;
  /** The number of its line, from 1. */
  readonly line: number;
  /** Whether the value ends before a `#` that may belong to it, because neither a space nor a quote is before the `#`. */
  readonly isCut: boolean;
}

/** The content of a file `.env`. */
export interface DotEnv {
  readonly lines: readonly DotEnvLine[];
  /** The numbers of the lines that are no setting, and hide none. */
  readonly ignored: readonly number[];
}

const notASetting = (line: number, why: string): AshlarError =>
  invalidSettings(
    `Line ${line} of .env is not a setting: ${why}.`,
    'Write NAME=VALUE on a line of its own, put # before a comment, or remove the line.',
  );

const notUtf8 = (): AshlarError => invalidSettings('The file .env is not UTF-8 text.', 'Save it as UTF-8.');

/**
 * Reads the file `.env` of a folder.
 *
 * @param known - the names of Ashlar's settings
 * @returns its settings in their order; empty if there is no such file
 * @throws AshlarError `settings-invalid`, which names lines and never their text
 */
export function readDotEnv(directory: string, known: ReadonlySet<string>): DotEnv {
  let bytes: Buffer;
  try {
    bytes = readOnce(resolve(directory, '.env'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { lines: [], ignored: [] };
    throw invalidSettings(
      `The file .env cannot be read (${unreadable(error)}).`,
      'Make it readable, or remove it.',
    );
  }
  return parseDotEnv(textOf(bytes), known);
}

const ofPipes = new Map<string, Buffer>();

/** Reads a file, or a pipe, which can be read once only: the process keeps its bytes. */
const readOnce = (path: string): Buffer => {
  if (!statSync(path).isFIFO()) return readFileOrPipe(path);
  const bytes = ofPipes.get(path) ?? readFileOrPipe(path);
  ofPipes.set(path, bytes);
  return bytes;
};

/** The text without a byte order mark, which Windows writes before the first name; U+FFFD in place of what is not UTF-8. */
const textOf = (bytes: Buffer): string => {
  const text = new TextDecoder().decode(bytes);
  if (text.includes('\0') && text.includes(replaced)) throw notUtf8();
  return text;
};

const replaced = '\u{FFFD}';
const setting = /^[ \t]*(?:export[ \t]+)?([^\s=#"'`][^=]*?)[ \t]*=[ \t]*/;
const merge = /^(?:<{7}|={7}|>{7}|\|{7})(?: |$)/;
const quotes: ReadonlySet<string> = new Set(['"', "'", '`']);

/**
 * Parses the text of a file `.env`, which other programs read too, each in its own way. Settings of Ashlar are read as Node.js does
 * (`util.parseEnv`); what could hide or distort one is refused, and other lines are left alone.
 *
 * - `NAME=VALUE`, also after `export`; the value of several lines is in `"…"`, `'…'` or `` `…` ``, and `\n` in `"…"` is a new line
 * - a value without quotes ends before `#` and has no space at its ends
 *
 * @param known - the names of Ashlar's settings
 * @throws AshlarError `settings-invalid`
 */
export function parseDotEnv(text: string, known: ReadonlySet<string>): DotEnv {
  const rows = text
    .replace(/^\u{FEFF}/u, '')
    .replace(/\r\n?/g, '\n')
    .split('\n');
  const lines: DotEnvLine[] = [];
  const ignored: number[] = [];
  for (let at = 0; at < rows.length; ) {
    const row = rows[at] ?? '';
    const line = at + 1;
    const [before, name = ''] = setting.exec(row) ?? [];
    if (row.includes('\0')) throw notASetting(line, 'it has a character that no text has (NUL)');
    if (merge.test(row)) throw notASetting(line, 'it is a mark of a merge that was not finished');
    if (/^[ \t]*(#|$)/.test(row)) at++;
    else if (before === undefined) {
      if (namesOurs(row, known) || mayContinueOurs(line, lines.at(-1), known))
        throw notASetting(line, row.includes('=') ? 'its name is not valid' : 'it has no "="');
      ignored.push(line);
      at++;
    } else {
      const { value, last, isCut } = readValue({ rows, at, from: before.length, name, known });
      if (known.has(name)) assertOnce(name, line, lines);
      if (known.has(name) && value.includes(replaced)) throw notUtf8();
      lines.push({ name, value, line, isCut });
      at = last + 1;
    }
  }
  return { lines, ignored };
}

const assertOnce = (name: string, line: number, lines: readonly DotEnvLine[]): void => {
  const first = lines.find((one) => one.name === name);
  if (first)
    throw invalidSettings(`Lines ${first.line} and ${line} of .env both set ${name}.`, 'Remove one of them.');
};

const namesOurs = (text: string, known: ReadonlySet<string>): boolean =>
  (text.toUpperCase().match(/\w+/g) ?? []).some((word) => known.has(word));

// it may be the rest of a value without quotes
const mayContinueOurs = (line: number, before: DotEnvLine | undefined, known: ReadonlySet<string>): boolean =>
  before !== undefined && known.has(before.name) && before.line === line - 1;

interface Place {
  readonly rows: readonly string[];
  /** The row of the name, from 0, and where in it the value begins. */
  readonly at: number;
  readonly from: number;
  readonly name: string;
  readonly known: ReadonlySet<string>;
}

interface Value {
  readonly value: string;
  /** The row, from 0, in which the value ends. */
  readonly last: number;
  readonly isCut: boolean;
}

const readValue = (place: Place): Value => {
  const { rows, at, from } = place;
  const row = rows[at] ?? '';
  const written = row.slice(from);
  if (quotes.has(written[0] ?? '')) return readQuoted(place, written);
  const hash = written.indexOf('#');
  const isCut = hash >= 0 && !/[ \t]/.test(row[from + hash - 1] ?? '');
  return { value: (hash < 0 ? written : written.slice(0, hash)).trim(), last: at, isCut };
};

const readQuoted = ({ rows, at, name, known }: Place, written: string): Value => {
  const quote = written[0] ?? '';
  const isOurs = known.has(name);
  const isHere = closeOf(written, quote, isOurs) >= 0;
  const whole = isHere ? written : [written, ...rows.slice(at + 1)].join('\n');
  const close = closeOf(whole, quote, isOurs);
  if (close < 0) {
    if (isOurs) throw notASetting(at + 1, `the quote ${quote} is not closed`);
    // some programs take it as it is
    return { value: written, last: at, isCut: false };
  }
  const value = whole.slice(1, close);
  const last = at + value.split('\n').length - 1;
  for (let inside = at + 1; inside <= last; inside++) {
    const hidden = setting.exec(rows[inside] ?? '')?.[1];
    if (hidden !== undefined && known.has(hidden))
      throw notASetting(at + 1, `its quote ${quote} is closed only after ${hidden} in line ${inside + 1}`);
  }
  const [after = ''] = whole.slice(close + 1).split('\n', 1);
  const rest = after.replace(/(^|[ \t])#.*/, '');
  if (rest.trim() !== '' && (isOurs || namesOurs(rest, known)))
    throw notASetting(last + 1, 'it has text after its closing quote');
  return { value: quote === '"' ? value.replaceAll('\\n', '\n') : value, last, isCut: false };
};

/** Where a quote is closed; -1 if nowhere. Node.js ends a value at `\"`, other programs go on: in a setting of Ashlar, what follows is refused. */
const closeOf = (whole: string, quote: string, isOurs: boolean): number => {
  for (let at = 1; at < whole.length; at++) {
    if (whole[at] === '\\' && quote === '"' && !isOurs) at++;
    else if (whole[at] === quote) return at;
  }
  return -1;
};

import { join } from 'node:path';
import { AshlarError } from '../errors.js';
import { readFileOrPipe } from '../files/read.js';

/** A setting in a file `.env`. */
export interface DotEnvLine {
  readonly name: string;
  readonly value: string;
  /** The number of its line, from 1. */
  readonly line: number;
  /** Whether the value ends before a `#` that may belong to it, because neither a space nor a quote is before the `#`. */
  readonly isCut: boolean;
}

const invalid = (detail: string, suggestion: string): AshlarError =>
  new AshlarError('settings-invalid', { message: 'Invalid settings.', detail, suggestion });

const notASetting = (line: number, why: string): AshlarError =>
  invalid(
    `Line ${line} of .env is not a setting: ${why}.`,
    'Write NAME=VALUE on a line of its own, put # before a comment, or remove the line.',
  );

/**
 * Reads the file `.env` of a folder.
 *
 * @returns its settings in their order; empty if there is no such file
 * @throws AshlarError `settings-invalid`, which names lines and never their text
 */
export function readDotEnv(directory: string): readonly DotEnvLine[] {
  const path = join(directory, '.env');
  let bytes: Buffer;
  try {
    bytes = readFileOrPipe(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw invalid('The file .env cannot be read.', 'Make it readable, or remove it.');
  }
  return parseDotEnv(textOf(bytes));
}

const textOf = (bytes: Buffer): string => {
  try {
    // without a byte order mark, which Windows writes before the first name
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw invalid('The file .env is not UTF-8 text.', 'Save it as UTF-8.');
  }
};

const setting = /^[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*=[ \t]*/;
const quotes: ReadonlySet<string> = new Set(['"', "'", '`']);

/**
 * Parses the text of a file `.env` as Node.js does (`util.parseEnv`), and refuses a line that is no setting, which Node.js
 * joins with the next one, so that this vanishes.
 *
 * - `NAME=VALUE`, also after `export`; the value of several lines is in `"…"`, `'…'` or `` `…` ``, and `\n` in `"…"` is a new line
 * - a value without quotes ends before `#` and has no space at its ends
 *
 * @throws AshlarError `settings-invalid`
 */
export function parseDotEnv(text: string): readonly DotEnvLine[] {
  const rest = text.replace(/^\u{FEFF}/u, '').replace(/\r\n?/g, '\n');
  const found: DotEnvLine[] = [];
  let line = 1;
  for (let at = 0; at < rest.length; ) {
    const end = endOfLine(rest, at);
    const written = rest.slice(at, end);
    if (/^[ \t]*(#|$)/.test(written)) {
      at = end + 1;
      line++;
      continue;
    }
    const [before, name = ''] = setting.exec(written) ?? [];
    if (before === undefined)
      throw notASetting(line, written.includes('=') ? 'its name is not valid' : 'it has no "="');
    const { value, until, isCut } = readValue(rest, at + before.length, line);
    found.push({ name, value, line, isCut });
    line += rest.slice(at, until).split('\n').length;
    at = until + 1;
  }
  return found;
}

const endOfLine = (text: string, from: number): number => {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
};

interface Value {
  readonly value: string;
  /** The end of the last line of the value. */
  readonly until: number;
  readonly isCut: boolean;
}

const readValue = (text: string, from: number, line: number): Value => {
  const quote = text[from] ?? '';
  if (quotes.has(quote)) return readQuoted(text, from, quote, line);
  const until = endOfLine(text, from);
  const written = text.slice(from, until);
  if (written.includes('\0')) throw notASetting(line, 'it has a character that no text has (NUL)');
  const hash = written.indexOf('#');
  const isCut = hash >= 0 && !/[ \t]/.test(text[from + hash - 1] ?? '');
  return { value: (hash < 0 ? written : written.slice(0, hash)).trim(), until, isCut };
};

const readQuoted = (text: string, from: number, quote: string, line: number): Value => {
  const close = text.indexOf(quote, from + 1);
  if (close < 0) throw notASetting(line, `the quote ${quote} is not closed`);
  const until = endOfLine(text, close);
  if (!/^[ \t]*(#|$)/.test(text.slice(close + 1, until)))
    throw notASetting(line, 'it has text after its closing quote');
  const value = text.slice(from + 1, close);
  return { value: quote === '"' ? value.replaceAll('\\n', '\n') : value, until, isCut: false };
};

import { fromUtf8 } from './text.js';

/** The first item of every entry: what it is, and in which form. */
export const entryForm = 'ashlar/entry/v1';

/** What stands in an entry of a ledger, as JSON text in UTF-8: `["ashlar/entry/v1", log, salt, at, row]`. */
export interface Entry {
  /** Which log it belongs to: the last part of the origin of that log's checkpoints, or all of it. */
  readonly log: string;
  /** Random, 122 bits at least, in hex: it keeps the hash of a leaf from being guessed. */
  readonly salt: string;
  /** When it was written, by the database's clock; empty for a row from before there was a ledger. */
  readonly at: string;
  /** The row, columns in the order of the declaration, those that were null left out. */
  readonly row: Readonly<Record<string, unknown>>;
}

/** Whether a log with this name has checkpoints of this origin: the name alone, or behind that of a system. */
export function isLogOf(log: string, origin: string): boolean {
  return origin === log || origin.endsWith(`/${log}`);
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Decodes an entry; undefined where it is none. An entry is only ever decoded, never made again from its row. */
export function readEntry(bytes: Uint8Array): Entry | undefined {
  const value = parse(fromUtf8(bytes) ?? '');
  if (!Array.isArray(value) || value.length !== 5) return undefined;
  const [form, log, salt, at, row]: unknown[] = value;
  return form === entryForm && isText(log) && isText(salt) && isText(at) && isObject(row)
    ? Object.freeze({ log, salt, at, row })
    : undefined;
}

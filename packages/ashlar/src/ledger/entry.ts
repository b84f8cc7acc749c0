import { fromUtf8 } from './text.js';

/** The first item of every entry: the name and version of the format. */
export const entryForm = 'ashlar/entry/v1';

/**
 * An entry of a ledger: a row as it was inserted. Its bytes are JSON text in UTF-8: `["ashlar/entry/v1", log, salt,
 * at, row]`.
 */
export interface Entry {
  /** The name of the log: either the whole origin in its checkpoints, or the last part of it. */
  readonly log: string;
  /**
   * A random value of at least 122 bits, in hex, because of which a row cannot be guessed from the hash of its leaf.
   */
  readonly salt: string;
  /**
   * The time at which the row was inserted, by the database's clock; empty for a row that is older than the ledger.
   */
  readonly at: string;
  /** The values of the row by column, in the order in which the columns are declared; NULL values are omitted. */
  readonly row: Readonly<Record<string, unknown>>;
}

/**
 * Whether a checkpoint with this origin belongs to the log with this name: the origin must be `NAME` or
 * `SYSTEM/NAME`.
 */
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

/**
 * Decodes an entry; returns `undefined` if the bytes are not an entry. An entry is only decoded, never recreated from
 * its row.
 */
export function readEntry(bytes: Uint8Array): Entry | undefined {
  const value = parse(fromUtf8(bytes) ?? '');
  if (!Array.isArray(value) || value.length !== 5) return undefined;
  const [form, log, salt, at, row]: unknown[] = value;
  return form === entryForm && isText(log) && isText(salt) && isText(at) && isObject(row)
    ? Object.freeze({ log, salt, at, row })
    : undefined;
}

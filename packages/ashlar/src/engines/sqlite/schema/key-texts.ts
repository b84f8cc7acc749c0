import type { KeyTexts } from '../../../contract/key-texts.js';

const infinity = '9e999';

const real = (text: string): string | undefined => {
  if (text === 'Inf' || text === '-Inf') return text.replace('Inf', infinity);
  return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(text) ? text : undefined;
};

/**
 * The keys of SQLite's rows as text. A value begins with its storage class, whatever its column declares: SQLite orders values by
 * class first, and a BLOB is after every text. Texts are in hex, because a text may have bytes that are no character.
 */
export const sqliteKeyTexts: KeyTexts = {
  text: (
    value,
  ) => `CASE typeof(${value}) WHEN 'text' THEN 't' || hex(${value}) WHEN 'blob' THEN 'b' || hex(${value})
    WHEN 'real' THEN 'r' || printf('%!.17g', ${value}) ELSE 'i' || ${value} END`,
  value: (text, _, parameter) => {
    const [storage, content] = [text.slice(0, 1), text.slice(1)];
    const isHex = /^([0-9A-F]{2})*$/.test(content);
    if (storage === 't' && isHex) return { sql: `CAST(unhex(${parameter}) AS TEXT)`, parameter: content };
    if (storage === 'b' && isHex) return { sql: `unhex(${parameter})`, parameter: content };
    if (storage === 'i' && /^-?\d{1,19}$/.test(content))
      return { sql: `CAST(${parameter} AS INTEGER)`, parameter: content };
    const number = storage === 'r' ? real(content) : undefined;
    return number === undefined ? undefined : { sql: `CAST(${parameter} AS REAL)`, parameter: number };
  },
  shown: (text) => {
    const content = text.slice(1);
    if (text.startsWith('t')) return Buffer.from(content, 'hex').toString('utf8');
    return text.startsWith('b') ? content.toLowerCase() : content;
  },
  // NOT NULL lets SQLite replace IS NULL by false
  isMissing: (value) => `typeof(${value}) = 'null'`,
  missingFirst: 'ASC',
};

import { createHash } from 'node:crypto';
import type { FoundationObject } from '../../../contract/dialect.js';
import { literal } from '../../../model/index.js';
import { longestText } from '../../../model/longest-text.js';
import { sql } from '../../../sql/template.js';
import { foldedLetters, longestWord, wordRanges } from '../../../sql/words.js';

// ASCII alone, because an editor that normalizes text would change letters
const escaped = (codePoint: number): string =>
  codePoint > 0x20 && codePoint < 0x7f
    ? String.fromCodePoint(codePoint)
    : codePoint > 0xffff
      ? `\\U${codePoint.toString(16).padStart(8, '0')}`
      : `\\u${codePoint.toString(16).padStart(4, '0')}`;

const text = (letters: Iterable<string>): string =>
  `E'${[...letters].map((letter) => escaped(letter.codePointAt(0) ?? 0)).join('')}'`;

const separators = `E'[^${wordRanges
  .map(([first, last]) => (first === last ? escaped(first) : `${escaped(first)}-${escaped(last)}`))
  .join('')}]+'`;

const body = sql`
  BEGIN
    -- the CHECK of its column refuses such a text and names it; it is evaluated after this function, which could not hold the words
    IF pg_catalog.octet_length($1) OPERATOR(pg_catalog.>) ${longestText} THEN
      RETURN pg_catalog.array_to_tsvector('{}');
    END IF;
    RETURN pg_catalog.array_to_tsvector(ARRAY(
      SELECT CASE
        WHEN w OPERATOR(pg_catalog.~) E'[^\\x01-\\x7f]' THEN pg_catalog.translate(w,
          ${text(foldedLetters.keys())},
          ${text(foldedLetters.values())})
        ELSE w
      END
      FROM (
        SELECT pg_catalog.lower(pg_catalog.left(part, ${longestWord}) COLLATE pg_catalog."C") AS w
        FROM pg_catalog.regexp_split_to_table($1 COLLATE pg_catalog."C",
          ${separators}) AS part
        WHERE part OPERATOR(pg_catalog.<>) ''
      ) AS words
    ));
  END
`;

// the body is long, and each start of a process asks for the function
const hash = createHash('sha256').update(body).digest('hex');

/**
 * The function that returns the words of a text, for full-text indexes. It has tables of its own, because `to_tsvector`,
 * `lower` and the classes of regular expressions depend on the locale of the database.
 */
export const words: FoundationObject = {
  name: 'ashlar_words',
  exists: sql`
    SELECT 1 AS found FROM pg_catalog.pg_proc
    WHERE proname = 'ashlar_words' AND pronamespace = pg_catalog.quote_ident(current_schema())::regnamespace
      AND pg_catalog.sha256(pg_catalog.convert_to(prosrc, 'UTF8')) = pg_catalog.decode(${literal(hash)}, 'hex')
      AND provolatile = 'i' AND NOT prosecdef AND proconfig IS NULL
  `,
  create: `CREATE OR REPLACE FUNCTION ashlar_words(text) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$${body}$$`,
};

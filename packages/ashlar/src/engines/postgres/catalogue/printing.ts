import type { CataloguePart, Printing } from '../../../contract/catalogue.js';
import { type CodeToken, codeOf, stringOf } from '../../../sql/code.js';
import { loosely } from './loosely.js';

/** Facts that PostgreSQL does not print from objects: a name in them is text, or a role. */
const asWritten = new Set(['body', 'comment', 'settings', 'library', 'owner', 'roles']);

/** How descriptions are compared. Each name is printed with its schema, `pg_catalog` excepted. */
export const printing: Printing = {
  inSchema: (catalogue, { schema = '', qualifier: to }) => {
    const { qualifier: from } = catalogue;
    if (from === undefined || to === undefined || from === to) return catalogue;
    const renamed = (part: CataloguePart): CataloguePart => ({
      ...part,
      ...(part.identity === undefined ? {} : { identity: qualified(part.identity, from, to) }),
      facts: Object.fromEntries(
        Object.entries(part.facts).map(([name, text]) => [
          name,
          asWritten.has(name) ? text : qualified(text, from, to),
        ]),
      ),
    });
    return { ...catalogue, schema, qualifier: to, parts: catalogue.parts.map(renamed) };
  },
  restored,
  loosely,
};

/**
 * Writes another schema where names have the schema `from`, both quoted as the server quotes them. A table or an alias can be
 * called like a schema: so names of the shadow's schema are replaced, which no table of a system has, and never those of the
 * database.
 */
function qualified(text: string, from: string, to: string): string {
  const tokens = codeOf(text, 'postgres');
  let written = '';
  let done = 0;
  for (const [at, token] of tokens.entries()) {
    const now = replaced(tokens, at, from, to);
    if (now === undefined) continue;
    written += text.slice(done, token.start) + now;
    done = token.end;
  }
  return written + text.slice(done);
}

const replaced = (tokens: readonly CodeToken[], at: number, from: string, to: string): string | undefined => {
  const [token, next] = [tokens[at], tokens[at + 1]];
  if (token === undefined) return undefined;
  if (token.text === from && next?.text === '.' && tokens[at - 1]?.text !== '.') return to;
  // 'public.orders_id_seq'::regclass
  const type = next?.text === ':' && tokens[at + 2]?.text === ':' ? tokens[at + 3]?.word : undefined;
  if (token.kind !== 'string' || !token.text.startsWith("'") || !type?.startsWith('REG')) return undefined;
  const name = stringOf(token);
  const inner = type === 'REGNAMESPACE' ? (name === from ? to : name) : qualified(name, from, to);
  return inner === name ? undefined : `'${inner.replaceAll("'", "''")}'`;
};

const constant = "'(?:[^']|'')*'::character varying";
const list = new RegExp(`\\(ARRAY\\[(${constant}(?:, ${constant})*)\\]\\)::text\\[\\]`, 'g');

// pg_dump writes IN ('a', 'b') of a varchar so that PostgreSQL prints it in another way when it is restored
function restored(text: string): string {
  return text.replaceAll(
    list,
    (_, items: string) =>
      `ARRAY[${items.replaceAll(new RegExp(constant, 'g'), (each) => `(${each})::text`)}]`,
  );
}

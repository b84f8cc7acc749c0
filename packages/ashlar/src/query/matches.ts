import { type Expression, ExpressionWrapper, FunctionNode, type SqlBool, ValueNode } from 'kysely';
import type { MatchParts, SearchedWord } from '../contract/answers.js';
import type { GuardedTable } from '../contract/guarantee.js';
import { AshlarError } from '../errors.js';
import { longestWord, wordsIn } from '../sql/words.js';

/** The function that stands for a search until its query is rewritten. */
export const matchesFunction = 'ashlar_matches';

/** Options of {@link matches}. */
export interface MatchOptions {
  /** The name of the index, where the table has several. */
  readonly index?: string;
  /** Whether the last word may be the beginning of a longer one, as for a search while somebody types. */
  readonly prefix?: boolean;
  /** The name by which the query refers to the table; by default the table's own. */
  readonly as?: string;
}

/**
 * Returns the condition that a row of a table has all the given words in the columns of its full-text index. It is the same
 * on every engine, whatever the locale of the database: a word is a run of letters and digits, the case of letters does not
 * matter, accents do, and a letter with an accent may be one code point or two. Of a word, the first 255 letters count.
 * Without a word it finds no row. A session finds the rows of its scope alone.
 *
 * @param table - a table with `fullText(…)`
 * @throws AshlarError `usage` if the table has no such index, or several and none is named
 *
 * @example
 * s.query.selectFrom('notes').selectAll().where(matches(notes, 'second codicil'));
 */
export function matches(table: GuardedTable, words: string, options: MatchOptions = {}): Expression<SqlBool> {
  const all = table.fullTexts ?? [];
  const [only, another] = all;
  const index = options.index === undefined ? only : all.find(({ name }) => name === options.index);
  if (!index || (another && options.index === undefined)) {
    throw new AshlarError('usage', {
      message: `matches(${table.name}, …) does not say which full-text index to search.`,
      detail: `Full-text indexes of ${table.name}: ${all.map(({ name }) => name).join(', ') || 'none'}.`,
      suggestion: 'Declare one with fullText({ columns: [c.title] }), or name one: { index: … }.',
    });
  }
  const parts: MatchParts = {
    table,
    index,
    alias: options.as ?? table.name,
    words: searched(words, options.prefix ?? false),
  };
  return new ExpressionWrapper(FunctionNode.create(matchesFunction, [ValueNode.create(parts)]));
}

const spelled = (text: string, prefix: boolean): readonly SearchedWord[] => {
  const found = wordsIn(text);
  return found.map((each, at) => {
    const letters = [...each];
    return {
      text: letters.slice(0, longestWord).join(''),
      prefix: prefix && at === found.length - 1,
      cut: letters.length >= longestWord,
    };
  });
};

// a stored text keeps its form: a letter with its accent is one code point or two
const searched = (text: string, prefix: boolean): MatchParts['words'] => {
  const found = wordsIn(text.normalize('NFC'));
  return found.map((each, at) => {
    const isPrefix = prefix && at === found.length - 1;
    const decomposed = each.normalize('NFD');
    return [each, ...(decomposed === each ? [] : [decomposed])].map((form) => spelled(form, isPrefix));
  });
};

/** Returns the search that a node stands for; `undefined` if it is one without words. */
export function matchParts(node: FunctionNode): MatchParts | undefined {
  const [argument] = node.arguments;
  const parts = argument && ValueNode.is(argument) ? (argument.value as MatchParts) : undefined;
  return parts && parts.words.length > 0 ? parts : undefined;
}

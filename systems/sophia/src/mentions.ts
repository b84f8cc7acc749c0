import { ratio } from 'fuzzball';
import { bareName, foldedWords } from './plain-words.js';

/** An occurrence of a name in a text. */
export interface Mention {
  readonly name: string;
  /** The matching words of the text, in lower case and without punctuation. */
  readonly found: string;
  /** The similarity of the matching words to the name, from 90 to 100 (the same as the name). */
  readonly score: number;
}

// shorter names are similar to too many words
const minFuzzyLength = 6;
const leastScore = 90;

/**
 * Searches a text for a name and returns the best match. It matches the name without its legal form, with or without
 * its “and”, written as one word (as in a handle or a domain), or misspelt (from six letters on, by a Levenshtein
 * ratio of at least 90).
 *
 * @returns the best match; `undefined` without a match
 */
export function mentionOf(name: string, text: string): Mention | undefined {
  const words = foldedWords(text);
  const mentions = formsOf(name).flatMap((form) => {
    const sought = form.join('');
    return [...windows(words, form.length + 1)].flatMap((window) => {
      const score = similarity(window.join(''), sought);
      return score === undefined ? [] : [{ name, found: window.join(' '), score }];
    });
  });
  return mentions.toSorted((a, b) => b.score - a.score)[0];
}

const formsOf = (name: string): readonly (readonly string[])[] => {
  const bare = bareName(name);
  const forms = [foldedWords(name), bare, bare.filter((word) => word !== 'and')];
  return [
    ...new Map(forms.filter(({ length }) => length > 0).map((form) => [form.join(' '), form])).values(),
  ];
};

function* windows(words: readonly string[], longest: number): Generator<readonly string[]> {
  for (let length = 1; length <= longest; length++)
    for (let from = 0; from + length <= words.length; from++) yield words.slice(from, from + length);
}

const similarity = (given: string, sought: string): number | undefined => {
  if (given === sought) return 100;
  // texts whose lengths differ by more never reach the minimum score
  if (sought.length < minFuzzyLength || Math.abs(given.length - sought.length) > sought.length / 4)
    return undefined;
  const score = ratio(given, sought, { full_process: false });
  return score >= leastScore ? score : undefined;
};

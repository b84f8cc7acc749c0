import { ratio } from 'fuzzball';
import { bareName, foldedWords } from './plain-words.js';

/** A name found in a text. */
export interface Mention {
  readonly name: string;
  /** The words that are like it, without case and punctuation. */
  readonly found: string;
  /** How like: 100 for the name itself. */
  readonly score: number;
}

// shorter names are like too many words
const shortestAlike = 6;
const leastScore = 90;

/**
 * Where a text names somebody: by the name, without its legal form, with or without its “and”, in one word (as in a handle or a domain), or
 * misspelt (from six letters on, by a Levenshtein ratio of 90). The best match, `undefined` where there is none.
 */
export const mentionOf = (name: string, text: string): Mention | undefined => {
  const words = foldedWords(text);
  const mentions = formsOf(name).flatMap((form) => {
    const sought = form.join('');
    return [...windows(words, form.length + 1)].flatMap((window) => {
      const score = likeness(window.join(''), sought);
      return score === undefined ? [] : [{ name, found: window.join(' '), score }];
    });
  });
  return mentions.toSorted((a, b) => b.score - a.score)[0];
};

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

const likeness = (given: string, sought: string): number | undefined => {
  if (given === sought) return 100;
  // two texts whose lengths differ by more are never as like as that
  if (sought.length < shortestAlike || Math.abs(given.length - sought.length) > sought.length / 4)
    return undefined;
  const score = ratio(given, sought, { full_process: false });
  return score >= leastScore ? score : undefined;
};

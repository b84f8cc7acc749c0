import { Worker } from 'node:worker_threads';
import { AshlarError } from 'ashlar';
import measured from 'text-readability';
import { foldedWords } from './plain-words.js';

/**
 * The counts and readability scores of a text. The formulas are made for English and mean little for other languages.
 */
export interface Readability {
  readonly words: number;
  readonly sentences: number;
  readonly syllables: number;
  /** The number of distinct words of two or more syllables that are not on the Dale–Chall list of easy words. */
  readonly difficult_words: number;
  /** The Flesch reading ease (1948), from about 0 (very hard) to 100 (very easy). */
  readonly flesch_reading_ease: number;
  /**
   * The Flesch–Kincaid grade level (1975), as a US school grade. `gunning_fog` to `automated_readability_index` are US
   * school grades too.
   */
  readonly flesch_kincaid_grade: number;
  readonly gunning_fog: number;
  /** The SMOG grade; 0 for a text of fewer than three sentences, for which SMOG is undefined. */
  readonly smog_index: number;
  readonly coleman_liau_index: number;
  readonly automated_readability_index: number;
  /** The Dale–Chall score (1948): up to 4.9 for easy texts, 9 or more for hard texts. */
  readonly dale_chall_score: number;
}

/** A text in a script whose syllables and words the formulas cannot count. It has no scores. */
export interface Unmeasurable {
  /** The number of words, by the rules of Unicode for the script. */
  readonly words: number;
  readonly unmeasured: 'not for this script';
  /** The script of most letters, by its name in Unicode: `Cyrillic`, `Han`. */
  readonly script: string;
}

/** What is measured of a text. */
export type Measures = Readability | Unmeasurable;

/** Tells whether a text has readability scores. */
export function isMeasured(measures: Measures): measures is Readability {
  return !('unmeasured' in measures);
}

// each figure, and the method of the library that computes it
const figures = {
  words: 'lexiconCount',
  sentences: 'sentenceCount',
  syllables: 'syllableCount',
  difficult_words: 'difficultWords',
  flesch_reading_ease: 'fleschReadingEase',
  flesch_kincaid_grade: 'fleschKincaidGrade',
  gunning_fog: 'gunningFog',
  smog_index: 'smogIndex',
  coleman_liau_index: 'colemanLiauIndex',
  automated_readability_index: 'automatedReadabilityIndex',
  dale_chall_score: 'daleChallReadabilityScore',
} as const satisfies Record<keyof Readability, keyof typeof measured>;

// scripts that texts are commonly written in; others are called by what they are not
const scripts = [
  'Cyrillic',
  'Greek',
  'Arabic',
  'Hebrew',
  'Han',
  'Hiragana',
  'Katakana',
  'Hangul',
  'Devanagari',
  'Bengali',
  'Tamil',
  'Telugu',
  'Thai',
  'Ethiopic',
  'Armenian',
  'Georgian',
].map((name) => ({ name, letter: new RegExp(`\\p{Script=${name}}`, 'gu') }));

const count = (text: string, letter: RegExp): number => text.match(letter)?.length ?? 0;

/** The script of most letters of a text; `undefined` for Latin, and for a text without letters. */
export function otherScriptOf(text: string): string | undefined {
  const letters = count(text, /\p{L}/gu);
  if (count(text, /\p{Script=Latin}/gu) * 2 >= letters) return undefined;
  const found = scripts.map(({ name, letter }) => ({ name, letters: count(text, letter) }));
  const [most] = found.toSorted((a, b) => b.letters - a.letters);
  return most && most.letters > 0 ? most.name : 'not Latin';
}

const unmeasurable = (text: string, script: string): Unmeasurable => {
  const segments = new Intl.Segmenter('und', { granularity: 'word' }).segment(text);
  let words = 0;
  for (const { isWordLike } of segments) if (isWordLike) words++;
  return { words: Math.max(words, 1), unmeasured: 'not for this script', script };
};

/**
 * Computes the readability scores of a text with at least one word, in this thread. The result depends on the text only. A text
 * that is mostly in another script than Latin has no scores, rather than wrong ones.
 */
export function readabilityOf(text: string): Measures {
  const script = otherScriptOf(text);
  if (script !== undefined) return unmeasurable(text, script);
  return Object.fromEntries(
    Object.entries(figures).map(([figure, method]) => [figure, measured[method](text)]),
  ) as unknown as Readability;
}

/** The longest text that is measured in the thread of its caller, in UTF-16 code units: about 50 ms. */
export const longestInThread = 5_000;
const longestText = 2_000_000;
const longestMilliseconds = 60_000;

// given the library's URL, because a thread made from text has no folder of its own
const program = `
const { parentPort, workerData } = require('node:worker_threads');
import(workerData.library).then(({ default: measured }) => {
  const { text, figures } = workerData;
  parentPort.postMessage(Object.fromEntries(Object.entries(figures).map(([figure, method]) => [figure, measured[method](text)])));
});`;

/**
 * Computes what {@link readabilityOf} computes, for a long text in a thread of its own, so that the event loop goes on. Call it
 * before a session is opened: nothing waits for it then.
 *
 * @throws AshlarError `input-invalid` for a text without a word, of more than 2,000,000 characters, or that takes more than 60
 *   seconds
 */
export async function measureText(text: string): Promise<Measures> {
  assertHasWords(text);
  if (text.length <= longestInThread) return readabilityOf(text);
  if (text.length > longestText) {
    throw tooLong(`The text has ${text.length} characters; at most ${longestText} are measured.`);
  }
  const script = otherScriptOf(text);
  return script === undefined ? inThread(text) : unmeasurable(text, script);
}

const tooLong = (message: string): AshlarError =>
  new AshlarError('input-invalid', { message, suggestion: 'Divide the text, and add its parts.' });

const inThread = (text: string): Promise<Readability> =>
  new Promise((resolve, reject) => {
    const library = import.meta.resolve('text-readability');
    const worker = new Worker(program, {
      eval: true,
      execArgv: [],
      name: 'sophia-readability',
      workerData: { text, figures, library },
    });
    const timer = setTimeout(() => {
      reject(tooLong(`The text was not measured within ${longestMilliseconds / 1_000} seconds.`));
      void worker.terminate();
    }, longestMilliseconds);
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => {
      clearTimeout(timer);
      reject(tooLong('The thread that measures the text ended.'));
    });
  });

/** @throws AshlarError `input-invalid` for a text without a word */
export function assertHasWords(content: unknown): asserts content is string {
  if (typeof content === 'string' && foldedWords(content).length > 0) return;
  throw new AshlarError('input-invalid', {
    message: 'The voice material contains no word.',
    suggestion: 'Pass the text as `content`.',
  });
}

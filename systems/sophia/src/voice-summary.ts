import type { Readability } from './readability.js';

/** The mean (weighted by the number of words), minimum and maximum of a readability score over several texts. */
export type Spread = { readonly mean: number; readonly min: number; readonly max: number };

/** The summary of the readability of all texts of a client. */
export type VoiceSummary = {
  readonly words: number;
  readonly words_per_sentence: number;
  readonly flesch_reading_ease: Spread;
  readonly flesch_kincaid_grade: Spread;
  readonly gunning_fog: Spread;
};

const enoughSamples = 8;
const enoughWords = 2_000;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

// two decimals; + 0 turns −0 into 0, because JSON has no −0
const rounded = (value: number): number => Math.round(value * 100) / 100 + 0;

/**
 * Computes the confidence in a voice profile, in percent: up to 50 for the number of texts (the maximum is reached at
 * 8), and up to 50 for the number of words (at 2,000).
 */
export function confidenceIn(texts: readonly Pick<Readability, 'words'>[]): number {
  const words = sum(texts.map((text) => text.words));
  return Math.floor(50 * Math.min(1, texts.length / enoughSamples) + 50 * Math.min(1, words / enoughWords));
}

/** Summarises the readability of one or more texts. */
export function summaryOf(texts: readonly Readability[]): VoiceSummary {
  const words = sum(texts.map((text) => text.words));
  const spread = (figure: 'flesch_reading_ease' | 'flesch_kincaid_grade' | 'gunning_fog'): Spread => {
    const values = texts.map((text) => text[figure]);
    return {
      mean: rounded(sum(texts.map((text) => text[figure] * text.words)) / words),
      min: Math.min(...values),
      max: Math.max(...values),
    };
  };
  return {
    words,
    words_per_sentence: rounded(words / sum(texts.map((text) => text.sentences))),
    flesch_reading_ease: spread('flesch_reading_ease'),
    flesch_kincaid_grade: spread('flesch_kincaid_grade'),
    gunning_fog: spread('gunning_fog'),
  };
}
